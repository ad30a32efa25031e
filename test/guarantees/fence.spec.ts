import 'reflect-metadata';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { gate } from '../support/node/consumer.js';
import { bootNode, type Node, OWN, told } from '../support/node/node.js';
import { type StatusRow, Tables } from '../support/node/tables.js';

describeDatabases('a worker that lost its lease', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  /**
   * A's send takes longer than its lease; B claims the row and sends it; only then does A's send end, as `ending` says.
   * Answers the row as B left it, and where A writes to.
   */
  const overtaken = async (
    ending: 'sent' | TransportError,
  ): Promise<{ a: Node; row: StatusRow; losses: unknown[] }> => {
    const a = await bootNode(db, { role: 'api', reproduce: { lease: '1s', backoff: { base: 1, cap: 1 } } });
    const losses = told(a, 'lease.lost');
    const stall = gate();
    const send = a.transport.send.bind(a.transport);
    jest.spyOn(a.transport, 'send').mockImplementation(async (message, signal) => {
      stall.reach();
      await stall.pass;
      if (ending === 'sent') return send(message, signal);
      throw ending;
    });
    const publication = await a.mq.publish('orders', { payload: 'contended' }, OWN);
    await stall.reached;
    await bootNode(db, { broker: a.broker });
    const row = await eventually(async () => (await tables.statuses()).find(({ status }) => status === 'SENT'), {
      what: 'the other instance having sent it',
    });
    expect(a.broker.sent).toHaveLength(1);
    stall.open();
    await publication.sent();
    await eventually(() => losses.length > 0, { what: 'A being told that its lease is lost' });
    return { a, row, losses };
  };

  it('marks nothing: the receipt that stays is that of the worker that holds the row', async () => {
    const { a, row, losses } = await overtaken('sent');
    expect(losses).toMatchObject([{ messageId: row.id, during: 'mark' }]);
    expect(a.broker.sent).toHaveLength(2);
    expect(row.broker_message_id).toBe(a.broker.sent[0]!.brokerMessageId);
    expect(await tables.statuses()).toEqual([row]);
  });

  it('reschedules nothing: what was sent stays sent', async () => {
    const { row, losses } = await overtaken(new TransportError('unknown', 'timed out'));
    expect(losses).toMatchObject([{ messageId: row.id, during: 'reschedule' }]);
    expect(await tables.statuses()).toEqual([row]);
  });

  it('parks nothing, and writes no error row that says so', async () => {
    const { row, losses } = await overtaken(new TransportError('invalid', 'malformed'));
    expect(losses).toMatchObject([{ messageId: row.id, during: 'park' }]);
    expect(await tables.statuses()).toEqual([row]);
    expect((await tables.errors()).filter(({ parked }) => Boolean(parked))).toEqual([]);
  });

  it('two workers that look at once never send the same row', async () => {
    const a = await bootNode(db, { role: 'api' });
    a.broker.goDown();
    // Born while the circuit is closed or open, all of them end up due.
    for (let n = 0; n < 30; n++) await a.mq.publish('orders', { payload: n }, OWN);
    await a.app.close();
    await db.query("UPDATE mq_status_log SET status = 'PENDING', lease_token = NULL, lease_owner = NULL, due_at = 1");
    a.broker.heal();
    const setup = { broker: a.broker, reproduce: { batch: 4, idle: '50ms' } };
    await Promise.all([bootNode(db, setup), bootNode(db, setup)]);
    await eventually(async () => (await tables.statuses()).every(({ status }) => status === 'SENT'));
    expect(a.broker.sent).toHaveLength(30);
  });
});
