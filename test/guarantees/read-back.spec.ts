import 'reflect-metadata';
import type { Publication } from 'nestjs-reliable-mq';
import type { EntityManager } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, told } from '../support/node/node.js';
import { RecordingLogger } from '../support/outbox/recording-logger.js';

/** The driver's own words prove most commits; everything else is read back before it is sent. */
describeDatabases('what is read back before it is sent', (db) => {
  closeAfterEach();
  let node: Node;
  let log: RecordingLogger;

  beforeEach(async () => {
    log = new RecordingLogger();
    const topics = { orders: { topic: 'shop_orders' }, ledger: { topic: 'shop_ledger', ordered: true } };
    // Nobody else sends: what is not sent at once is not sent.
    node = await bootNode(db, { role: 'api', topics, dataSourceOptions: { logging: ['query'], logger: log } });
    await db.query('DELETE FROM mq_status_log');
  });

  const reads = (): number =>
    log.statements.filter(({ sql }) => /^\s*SELECT id, lease_token, deliver_at, seq FROM/.test(sql)).length;
  const publishing = (
    message: object,
    {
      topic = 'orders',
      then = async () => undefined,
    }: { topic?: string; then?: (tx: EntityManager) => Promise<unknown> },
  ): Promise<Publication> =>
    node.dataSource.transaction(async (manager) => {
      const staged = await node.mq.publish(topic, { payload: 1, ...message }, { manager });
      await then(manager);
      return staged;
    });

  it('is nothing of a plain transaction, whether it sends now or at a time', async () => {
    const soon = new Date(Date.now() + 60_000);
    for (const message of [{}, { deliverAt: soon }]) {
      expect(await (await publishing(message, {})).sent()).toMatchObject([{ status: 'sent' }]);
    }
    expect(node.broker.sent.map(({ deliverAt }) => deliverAt)).toEqual([null, soon.getTime()]);
    expect(reads()).toBe(0);
  });

  it('is a row of which the database alone knows a part: its place among those of its key, a delay', async () => {
    expect(await (await publishing({ orderingKey: 'k' }, { topic: 'ledger' })).sent()).toMatchObject([
      { status: 'sent' },
    ]);
    expect(reads()).toBe(1);
    expect(await (await publishing({ delay: '1m' }, {})).sent()).toMatchObject([{ status: 'sent' }]);
    expect(reads()).toBe(2);
    const [{ deliver_at: deliverAt }] = (await db.query<{ deliver_at: string }>(
      'SELECT deliver_at FROM mq_status_log WHERE deliver_at IS NOT NULL',
    )) as [{ deliver_at: string }];
    expect(node.broker.sent[1]!.deliverAt).toBe(Number(deliverAt));
  });

  it('is every row of a transaction in which anything happened that may have undone it', async () => {
    const then = (manager: EntityManager): Promise<unknown> => manager.query('nonsense').catch(() => undefined);
    const vanished = told(node, 'commit.vanished');
    const outcome = (await publishing({}, { then })).sent();
    // PostgreSQL has aborted the transaction, the others go on.
    if (db.family === 'PostgreSQL') await expect(outcome).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ROLLED_BACK' });
    else expect(await outcome).toMatchObject([{ status: 'sent' }]);
    expect(vanished).toHaveLength(db.family === 'PostgreSQL' ? 1 : 0);
    expect(reads()).toBe(1);
  });

  if (db.family === 'PostgreSQL') {
    it('is a row that a trigger has kept out of the table', async () => {
      await db.query('CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$');
      await db.query('CREATE TRIGGER keep_out BEFORE INSERT ON mq_status_log FOR EACH ROW EXECUTE FUNCTION keep_out()');
      await expect((await publishing({}, {})).sent()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ROLLED_BACK' });
      expect(reads()).toBe(1);
      expect(node.broker.sent).toEqual([]);
    });
  }
});
