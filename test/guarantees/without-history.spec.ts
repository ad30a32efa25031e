import 'reflect-metadata';
import { MqConsumer, type MqContext, type MqMessage } from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, OWN, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const topics = {
  orders: { topic: 'shop_orders' },
  ledger: { topic: 'shop_ledger', ordered: true },
  settled: { topic: 'shop_settled', settleOn: { group: 'stock', within: '1m' } },
} as const;

describeDatabases('a connection that keeps no history (retention.sent: 0)', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  @MqConsumer('settled', 'stock')
  class Settles {
    handle(message: MqMessage, context: MqContext): Promise<void> {
      return tables.effect(context, message);
    }
  }
  const boot = (more: object = {}): Promise<Node> => bootNode(db, { topics, retention: { sent: 0 }, ...more });
  const statuses = async (): Promise<unknown[]> => (await tables.statuses()).map(({ status }) => status);

  it('has no rows of what was sent, right after the commit or by the relay, and says that it was', async () => {
    const node = await boot();
    const publication = await node.mq.publish('orders', [{ payload: 1 }, { payload: 2 }], OWN);
    expect(await publication.sent()).toMatchObject([{ status: 'sent' }, { status: 'sent' }]);
    expect(await statuses()).toEqual([]);
    // Once more, when everything that this process remembers of it is asked of the table.
    expect(await publication.sent()).toMatchObject([{ status: 'sent' }, { status: 'sent' }]);

    node.broker.goDown();
    const later = await node.mq.publish('orders', { payload: 3 }, OWN);
    expect(await later.sent()).toMatchObject([{ status: 'pending' }]);
    expect(await statuses()).toHaveLength(1);
    node.broker.heal();
    await eventually(async () => (await statuses()).length === 0, { what: 'the relay to send the rest' });
    expect(node.broker.sent.map(({ body }) => body)).toEqual(['1', '2', '3']);
    expect(await later.sent()).toMatchObject([{ status: 'sent' }]);
  });

  it('keeps the order of a key, by several relays, with failures in between', async () => {
    const node = await boot();
    await boot({ broker: node.broker });
    const lost = told(node, 'lease.lost');
    node.broker.failNextSends('unknown', { times: 3 });
    for (let n = 0; n < 30; n++) await node.mq.publish('ledger', { payload: n, orderingKey: 'k' }, OWN);
    await eventually(async () => (await statuses()).length === 0, { what: 'everything to be sent' });
    expect(node.broker.sent.map(({ body }) => Number(body))).toEqual([...Array(30).keys()]);
    expect(lost).toEqual([]);
  });

  it('marks rows of a topic that settles on a group, until that has handled them', async () => {
    const node = await boot({ handlers: [Settles], groups: { stock: { groupId: 'GID_stock' } } });
    const publication = await node.mq.publish('settled', { payload: 1 }, OWN);
    expect(await publication.sent()).toMatchObject([{ status: 'sent' }]);
    await eventually(async () => (await tables.effects()).length === 1);
    await eventually(async () => (await statuses())[0] === 'SENT');
  });

  it('keeps what was not sent: dead messages stay until somebody decides', async () => {
    const node = await boot({ reproduce: { idle: '100ms', maxAttempts: 1, backoff: { base: 1, cap: 1 } } });
    node.broker.failNextSends('invalid');
    const publication = await node.mq.publish('orders', { payload: 1 }, OWN);
    expect(await publication.sent()).toMatchObject([{ status: 'dead' }]);
    expect(await statuses()).toEqual(['DEAD']);
  });
});
