import 'reflect-metadata';
import { MqAdminService, MqConsumerService } from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, leasesEnd, OWN, pending, publishOne, told } from '../support/node/node.js';
import { openOutbox } from '../support/outbox/open-outbox.js';
import { Tables } from '../support/node/tables.js';

const DAY = 86_400_000;

describeDatabases('copies of messages that were handled', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  const counting = consumer('orders', 'stock', (message, context) => tables.effect(context, message));
  const copies = (): Promise<{ message_id: string; reason: string; copies: number }[]> =>
    db.query('SELECT message_id, reason, copies FROM mq_copy ORDER BY message_id, reason');
  beforeEach(() => db.query('DELETE FROM mq_copy').catch(() => undefined));

  it('are counted as redelivered when acknowledgements get lost; a first delivery is not', async () => {
    const node = await bootNode(db, { handlers: [counting] });
    const duplicates = told(node, 'delivery.duplicate');
    await publishOne(node);
    await eventually(() => pending(node.broker) === 0);
    expect(await copies()).toEqual([]);
    node.broker.loseNextAcks(Number.POSITIVE_INFINITY);
    const id = await publishOne(node);
    await eventually(async () => (await tables.effects()).length === 2, { what: 'the second message' });
    for (const times of [1, 2]) {
      leasesEnd(node.broker);
      await eventually(() => duplicates.length === times, { what: `copy ${times}` });
    }
    node.broker.heal();
    await eventuallyPasses(async () =>
      expect(await copies()).toEqual([{ message_id: id, reason: 'redelivered', copies: 2 }]),
    );
    expect(duplicates).toMatchObject([{ reason: 'redelivered' }, { reason: 'redelivered' }]);
    expect(await tables.effects()).toHaveLength(2);
  });

  it('are counted as sent twice when answers of the broker get lost, and as replayed when somebody replays', async () => {
    const node = await bootNode(db, {
      handlers: [counting],
      reproduce: { idle: '100ms', maxAttempts: 2, backoff: { base: 1, cap: 1 } },
    });
    const admin = node.app.get(MqAdminService);
    node.broker.failNextSends('unknown', { times: 2, stored: true });
    const publication = await node.mq.publish('orders', { payload: 'work' }, OWN);
    const { id } = publication.messages[0]!;
    await eventually(async () => (await tables.statuses())[0]?.status === 'DEAD', { what: 'the message being dead' });
    await eventuallyPasses(async () =>
      expect(await copies()).toEqual([{ message_id: id, reason: 'sent-twice', copies: 1 }]),
    );
    await admin.replay([id], { reason: 'for a copy' });
    await eventuallyPasses(async () =>
      expect((await admin.counts()).copies).toEqual([
        { reason: 'replayed', copies: 1 },
        { reason: 'sent-twice', copies: 1 },
      ]),
    );
    expect(await tables.effects()).toEqual([id]);
  });

  it('are acknowledged although they cannot be counted', async () => {
    const node = await bootNode(db, { handlers: [counting] });
    const failures = told(node, 'loop.failed');
    node.app.get(MqConsumerService).pause('stock');
    node.broker.loseNextAcks(Number.POSITIVE_INFINITY);
    await publishOne(node);
    await db.query('ALTER TABLE mq_copy RENAME TO mq_copy_away');
    try {
      node.app.get(MqConsumerService).resume('stock');
      await eventually(async () => (await tables.effects()).length === 1, { what: 'the message' });
      expect(failures).toEqual([]);
      leasesEnd(node.broker);
      await eventually(() => failures.some(({ loop }) => loop.includes('counting a copy')), { what: 'the report' });
      node.broker.heal();
      await eventually(() => pending(node.broker) === 0, { what: 'the acknowledgement' });
    } finally {
      await db.query('ALTER TABLE mq_copy_away RENAME TO mq_copy');
    }
    expect(await tables.effects()).toHaveLength(1);
  });

  it('are forgotten with the inbox', async () => {
    const outbox = await openOutbox(db);
    const [row] = await db.query<{ now: string }>(
      `SELECT ${db.family === 'PostgreSQL' ? '(extract(epoch from now()) * 1000)::bigint' : 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)'} AS now`,
    );
    const values = [3, 0].map((days) => `('g', 'm', '${days}', 1, ${Number(row!.now) - days * DAY})`);
    await db.query(`INSERT INTO mq_copy (group_id, message_id, reason, copies, last_at) VALUES ${values.join(', ')}`);
    await outbox.store.prune('inbox', 2 * DAY, 10);
    expect(await copies()).toEqual([{ message_id: 'm', reason: '0', copies: 1 }]);
  });
});
