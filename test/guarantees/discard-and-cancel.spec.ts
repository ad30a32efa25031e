import 'reflect-metadata';
import { MqAdminService, PermanentError } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, type NodeSetup, OWN, pending, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const TOPICS = { orders: { topic: 'shop_orders' }, ledger: { topic: 'shop_ledger', ordered: true } };

describeDatabases('discarding and cancelling', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  const boot = (more: NodeSetup = {}): Promise<Node> => bootNode(db, { topics: TOPICS, ...more });
  const bodies = ({ broker }: Node): unknown[] => broker.sent.map(({ body }) => JSON.parse(String(body)) as unknown);
  const statusOf = async (id: string): Promise<string | undefined> =>
    (await tables.statuses()).find((row) => row.id === id)?.status;

  describe('a key behind a dead message', () => {
    /** The first of three messages of a key is refused for good; a message of another key is not held up. */
    async function blockedKey(): Promise<{ node: Node; admin: MqAdminService; dead: string; behind: string[] }> {
      const node = await boot();
      node.broker.failNextSends(new TransportError('invalid', 'no'), { times: 1 });
      const ids: string[] = [];
      for (const n of [1, 2, 3]) {
        const publication = await node.mq.publish('ledger', { payload: n, orderingKey: 'k' }, OWN);
        await publication.sent();
        ids.push(publication.messages[0]!.id);
      }
      await publishOne(node, 'another topic');
      const [dead, ...behind] = ids;
      return { node, admin: node.app.get(MqAdminService), dead: dead!, behind };
    }

    it('is counted and named, in the counts, at the messages that wait, and in the health', async () => {
      const { admin, dead, behind } = await blockedKey();
      const { blockedKeys } = await admin.counts();
      expect(blockedKeys).toMatchObject([{ topic: 'ledger', orderingKey: 'k', deadId: dead, waiting: 2 }]);
      expect(Math.abs(blockedKeys[0]!.since.getTime() - Date.now())).toBeLessThan(60_000);
      const waiting = await admin.find({ topic: 'ledger', status: 'PENDING' });
      expect(waiting.map(({ id, blockedBy }) => [id, blockedBy])).toEqual(behind.toReversed().map((id) => [id, dead]));
      // Neither what is before them nor what waits for nobody.
      expect(await admin.find({ blocked: true })).toEqual(waiting);
      const health = await admin.health();
      expect(health.status).toBe('degraded');
      expect(health.reasons.join()).toContain(
        `2 messages of topic ledger with the ordering key k wait behind the dead message ${dead}`,
      );
    });

    it('goes on at once when the message is discarded, which is then nobody’s concern any more', async () => {
      const { node, admin, dead } = await blockedKey();
      expect(await admin.discard([dead], { reason: 'the order was a test' })).toEqual([
        { id: dead, outcome: 'discarded' },
      ]);
      await eventuallyPasses(async () => expect(bodies(node)).toEqual(['another topic', 2, 3]));
      const counts = await admin.counts();
      expect(counts.blockedKeys).toEqual([]);
      expect(counts.byStatus.DEAD).toBe(0);
      expect(await admin.find({ status: 'RESOLVED' })).toMatchObject([
        { id: dead, resolution: 'the order was a test' },
      ]);
      await eventuallyPasses(async () => expect(await admin.health()).toMatchObject({ status: 'up' }));
      // For good: it cannot be discarded or replayed again.
      expect(await admin.discard([dead], { reason: 'again' })).toEqual([{ id: dead, outcome: 'not-discardable' }]);
      expect(await admin.replay([dead], { reason: 'changed my mind' })).toEqual([
        { id: dead, outcome: 'not-replayable' },
      ]);
      expect(bodies(node)).not.toContain(1);
    });

    it('goes on when it was only held any more because somebody resolved the error by hand', async () => {
      const { node, admin, dead } = await blockedKey();
      await db.query(`UPDATE mq_error_log SET resolved_at = 1, retain_from = 1 WHERE message_id = '${dead}'`);
      expect(await admin.discard([dead], { reason: 'let it go' })).toMatchObject([{ outcome: 'discarded' }]);
      await eventuallyPasses(async () => expect(bodies(node)).toEqual(['another topic', 2, 3]));
    });

    it('keeps its order when a message in its middle is cancelled', async () => {
      const { node, admin, dead, behind } = await blockedKey();
      expect(await admin.cancel([behind[0]!], { reason: 'typo' })).toMatchObject([{ outcome: 'cancelled' }]);
      expect((await admin.find({ topic: 'ledger', status: 'PENDING' })).map(({ blockedBy }) => blockedBy)).toEqual([
        dead,
      ]);
      await admin.discard([dead], { reason: 'typo' });
      await eventuallyPasses(async () => expect(bodies(node)).toEqual(['another topic', 3]));
    });
  });

  it('discards a parked delivery for good: a copy that comes later is acknowledged and not run', async () => {
    let runs = 0;
    const node = await boot({
      handlers: [
        consumer('orders', 'stock', () => {
          runs++;
          throw new PermanentError('no such sku');
        }),
      ],
    });
    const admin = node.app.get(MqAdminService);
    node.broker.loseNextAcks(1);
    const id = await publishOne(node);
    const parked = await eventually(async () => (await admin.find({ status: 'PARKED' }))[0], {
      what: 'it to be parked',
    });
    expect(parked).toMatchObject({ messageId: id });
    expect(await admin.discard([parked.id], { reason: 'a test order' })).toEqual([
      { id: parked.id, outcome: 'discarded' },
    ]);
    leasesEnd(node.broker);
    await eventually(() => pending(node.broker) === 0, { what: 'the copy to be acknowledged' });
    expect(runs).toBe(1);
    expect(await tables.inbox()).toMatchObject([{ message_id: id, state: 'PARKED' }]);
    expect(await admin.counts()).toMatchObject({ parkedDeliveries: 0 });
    expect(await admin.find({ status: 'RESOLVED' })).toMatchObject([{ id: parked.id, resolution: 'a test order' }]);
    expect(await admin.replay([parked.id], { reason: 'changed my mind' })).toMatchObject([
      { outcome: 'not-replayable' },
    ]);
  });

  it('cancels what has not left, and says so to whoever waits for it', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    const horizon = node.transport.capabilities.limits.delayMs;
    const publication = await node.mq.publish('orders', { payload: 'next year', delay: horizon * 2 }, OWN);
    const { id } = publication.messages[0]!;
    expect(await admin.cancel([id], { reason: 'ordered twice' })).toEqual([
      { id, outcome: 'cancelled', mayHaveLeft: false },
    ]);
    expect(await statusOf(id)).toBe('CANCELLED');
    expect(await publication.sent()).toMatchObject([{ id, status: 'cancelled' }]);
    expect(await admin.find({ status: 'CANCELLED' })).toMatchObject([{ id, resolution: 'ordered twice' }]);
    expect(await admin.cancel([id], { reason: 'again' })).toEqual([{ id, outcome: 'not-cancellable' }]);
    expect(bodies(node)).toEqual([]);
  });

  it('says of a cancelled message whether the broker may have it', async () => {
    const node = await boot({ reproduce: { idle: '100ms', backoff: { base: '1h', cap: '1h' } } });
    const admin = node.app.get(MqAdminService);
    node.broker.failNextSends(new TransportError('unknown', 'reset'), { stored: true });
    const unknown = await publishOne(node);
    node.broker.goDown();
    const refused = await publishOne(node);
    await eventually(async () => (await statusOf(refused)) === 'PENDING', { what: 'the refused one to be given back' });
    expect(await admin.cancel([unknown, refused], { reason: 'enough' })).toEqual([
      { id: unknown, outcome: 'cancelled', mayHaveLeft: true },
      { id: refused, outcome: 'cancelled', mayHaveLeft: false },
    ]);
  });

  it('leaves alone what is on the wire, what has left, and what there is not', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    const sent = await publishOne(node);
    node.broker.pause();
    const { messages } = await node.mq.publish('orders', { payload: 'on the wire' }, OWN);
    const onWire = messages[0]!.id;
    const outcomes = await admin.cancel([sent, onWire, 'nothing'], { reason: 'why not' });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['not-cancellable', 'not-cancellable', 'not-found']);
    expect(
      (await admin.discard([sent, onWire, 'nothing'], { reason: 'why not' })).map(({ outcome }) => outcome),
    ).toEqual(['not-discardable', 'not-discardable', 'not-found']);
    node.broker.resume();
    await eventually(async () => (await statusOf(onWire)) === 'SENT', { what: 'it to be sent' });
  });

  it('wants to know why', async () => {
    const admin = (await boot()).app.get(MqAdminService);
    const unexplained = { reason: ' ' };
    for (const asked of [
      admin.discard(['x'], unexplained),
      admin.cancel(['x'], unexplained),
      admin.replay(['x'], unexplained),
    ])
      await expect(asked).rejects.toMatchObject({ code: 'MQ_MESSAGE_INVALID' });
  });
});
