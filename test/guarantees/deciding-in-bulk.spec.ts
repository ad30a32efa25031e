import 'reflect-metadata';
import { MqAdminService, type MqContext, type MqMessage, PermanentError } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, type Node, type NodeSetup, OWN, pending, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const TOPICS = { orders: { topic: 'shop_orders' }, ledger: { topic: 'shop_ledger', ordered: true } };
const GROUPS = { stock: { groupId: 'GID_stock' }, books: { groupId: 'GID_books' } };

describeDatabases('deciding about all that a filter means', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let broken: boolean;
  beforeEach(async () => {
    broken = true;
    await db.query('DELETE FROM mq_action').catch(() => undefined);
  });

  const work = async (message: MqMessage, context: MqContext): Promise<void> => {
    if (broken) throw new PermanentError(`no such sku: ${String(message.payload)}`);
    await tables.effect(context, message, String(message.payload));
  };
  const boot = (more: NodeSetup = {}): Promise<Node> =>
    bootNode(db, { topics: TOPICS, groups: GROUPS, handlers: [consumer('orders', 'stock', work)], ...more });

  /** So many messages that group `stock` has parked. */
  async function parked(node: Node, count: number): Promise<MqAdminService> {
    const admin = node.app.get(MqAdminService);
    for (let n = 0; n < count; n++) await publishOne(node, n);
    await eventuallyPasses(async () => expect((await admin.counts()).parkedDeliveries).toBe(count));
    return admin;
  }

  it('does what the dry run has counted, records it, and finds nothing the second time', async () => {
    const node = await boot();
    const admin = await parked(node, 4);
    const [group] = await admin.errorGroups({ resolved: false });
    expect(group).toMatchObject({ group: 'stock', count: 4, open: 4 });
    const filter = { errorGroup: group!.id };
    const before = await tables.statuses();
    const nothing = { failed: [], failedTotal: 0, elsewhere: 0, stopped: false };
    const would = await admin.replay(filter, { reason: 'sku added', dryRun: true });
    expect(would).toEqual({ matched: 4, done: 4, ...nothing });
    expect(await tables.statuses()).toEqual(before);
    expect(await admin.actions()).toEqual([]);

    broken = false;
    const told: number[] = [];
    const request = {
      reason: 'sku added',
      actor: 'ann@ops',
      onProgress: ({ done }: { done: number }) => told.push(done),
    };
    expect(await admin.replay(filter, request)).toEqual(would);
    expect(told).toEqual([1, 2, 3, 4]);
    await eventuallyPasses(async () => expect(await tables.notes()).toEqual(['0', '1', '2', '3']));
    expect(await admin.replay(filter, request)).toEqual({ matched: 0, done: 0, ...nothing });
    expect(await admin.counts()).toMatchObject({ parkedDeliveries: 0 });
    expect(await admin.find({ status: 'PARKED' })).toEqual([]);
    expect(await admin.find({ status: 'RESOLVED' })).toHaveLength(4);
    expect(await admin.errorGroups()).toMatchObject([{ open: 0, decided: { replayed: 4, discarded: 0 } }]);
    const actions = await admin.actions();
    expect(actions).toMatchObject([{ action: 'replay', actor: 'ann@ops', reason: 'sku added', affected: 4 }]);
    expect(JSON.parse(actions[0]!.target)).toEqual(filter);
    const { messageId } = (await admin.find({ status: 'RESOLVED' }))[0]!;
    expect(await admin.actions({ messageId })).toHaveLength(1);
  });

  it('does not take up again what fails again while it goes on', async () => {
    const node = await boot();
    const admin = await parked(node, 5);
    // Slow enough that the first are parked again before the last are replayed.
    const result = await admin.replay({ group: 'stock' }, { reason: 'hope', rate: 5 });
    expect(result).toMatchObject({ matched: 5, done: 5, stopped: false });
    await eventuallyPasses(async () => expect((await admin.counts()).parkedDeliveries).toBe(5));
    expect(node.broker.sent).toHaveLength(10);
  });

  it('stops after `max`, and at its signal, says how far it came, and goes on where it was', async () => {
    const node = await boot();
    const admin = await parked(node, 6);
    expect(await admin.discard({ group: 'stock' }, { reason: 'tests', max: 2 })).toMatchObject({
      matched: 6,
      done: 2,
      stopped: false,
    });
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 1) stop.abort();
    };
    const stopped = await admin.discard({ group: 'stock' }, { reason: 'tests', signal: stop.signal, onProgress });
    expect(stopped).toMatchObject({ matched: 4, done: 1, stopped: true });
    expect(await admin.counts()).toMatchObject({ parkedDeliveries: 3 });
    expect(await admin.discard({ group: 'stock' }, { reason: 'tests' })).toMatchObject({ matched: 3, done: 3 });
    expect(await admin.find({ status: 'PARKED' })).toEqual([]);
    const affected = (await admin.actions({ action: 'discard' })).map((action) => action.affected);
    expect(affected).toEqual([3, 1, 2]);
    expect(await admin.errorGroups()).toMatchObject([{ open: 0, decided: { replayed: 0, discarded: 6 } }]);
  });

  it('stops when the database fails, with what it said, and how far it came', async () => {
    const node = await boot();
    const admin = await parked(node, 5);
    let away = false;
    const onProgress = async ({ done }: { done: number }): Promise<void> => {
      if (done !== 2 || away) return;
      away = true;
      await db.query('ALTER TABLE mq_error_log RENAME TO mq_error_log_away');
    };
    try {
      const result = await admin.discard(
        { group: 'stock' },
        { reason: 'tests', rate: 2, onProgress: (p) => void onProgress(p) },
      );
      expect(result).toMatchObject({ matched: 5, done: 2, failedTotal: 3, stopped: true });
      expect(result.problem).toContain('mq_error_log');
    } finally {
      await db.query('ALTER TABLE mq_error_log_away RENAME TO mq_error_log');
    }
    expect(await admin.discard({ group: 'stock' }, { reason: 'tests' })).toMatchObject({ matched: 3, done: 3 });
  });

  it('decides nothing that it cannot write down, and writes it down with each message', async () => {
    const node = await boot();
    const admin = await parked(node, 5);
    await db.query('ALTER TABLE mq_action RENAME TO mq_action_away');
    try {
      const result = await admin.discard({ group: 'stock' }, { reason: 'tests' });
      expect(result).toMatchObject({ matched: 5, done: 0, failedTotal: 3, stopped: true });
    } finally {
      await db.query('ALTER TABLE mq_action_away RENAME TO mq_action');
    }
    expect(await admin.counts()).toMatchObject({ parkedDeliveries: 5 });
    // As a process would see it that takes over from one that was killed after the second message.
    const seen: Promise<unknown[]>[] = [];
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 2) seen.push(db.query('SELECT affected FROM mq_action'));
    };
    await admin.discard({ group: 'stock' }, { reason: 'tests', rate: 5, onProgress });
    expect(await seen[0]).toEqual([{ affected: 2 }]);
    expect((await admin.actions()).map(({ affected }) => affected)).toEqual([5]);
  });

  it('lists what cannot be done, and the dry run knows', async () => {
    const first = await boot();
    await parked(first, 3);
    const second = await boot({ broker: first.broker, topics: { ledger: TOPICS.ledger }, handlers: [] });
    const admin = second.app.get(MqAdminService);
    for (const dryRun of [true, false]) {
      const result = await admin.replay({ side: 'consume' }, { reason: 'x', dryRun });
      expect(result).toMatchObject({ matched: 3, done: 0, failedTotal: 3, elsewhere: 0, stopped: false });
      expect(result.failed[0]).toMatchObject({
        outcome: 'not-replayable',
        problem: expect.stringContaining("'orders'") as string,
      });
    }
    expect(await admin.counts()).toMatchObject({ parkedDeliveries: 3 });
  });

  it('doubles nothing when two do it at once', async () => {
    const node = await boot();
    const admin = await parked(node, 10);
    broken = false;
    const results = await Promise.all(['ann', 'bob'].map((actor) => admin.replay({}, { reason: 'fixed', actor })));
    expect(results.reduce((sum, { done }) => sum + done, 0)).toBe(10);
    // What one has decided before the other has read it, the other does not see at all.
    expect(results.reduce((sum, { elsewhere }) => sum + elsewhere, 0)).toBeLessThanOrEqual(
      results[0]!.matched + results[1]!.matched - 10,
    );
    expect(results.map(({ failedTotal }) => failedTotal)).toEqual([0, 0]);
    await eventuallyPasses(async () => expect(await tables.effects()).toHaveLength(10));
    await eventually(() => pending(node.broker) === 0);
    expect(node.broker.sent).toHaveLength(20);
  });

  it('sends replays of one key in its order, also when the first of them fails at first', async () => {
    const handled: unknown[] = [];
    const books = async (message: MqMessage, context: MqContext): Promise<void> => {
      if (broken) throw new PermanentError('books are closed');
      handled.push(message.payload);
      await tables.effect(context, message);
    };
    const node = await boot({ handlers: [consumer('ledger', 'books', books)] });
    const admin = node.app.get(MqAdminService);
    const count = 8;
    for (let n = 0; n < count; n++)
      await (await node.mq.publish('ledger', { payload: n, orderingKey: 'k' }, OWN)).sent();
    await eventuallyPasses(async () => expect((await admin.counts()).parkedDeliveries).toBe(count));
    broken = false;
    node.broker.failNextSends(new TransportError('refused', 'not now'), { times: 1 });
    expect(await admin.replay({ group: 'books' }, { reason: 'open again' })).toMatchObject({ done: count });
    await eventually(() => handled.length === count, { what: 'all to be handled' });
    expect(handled).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  it('counts, finds and sums up the same, whatever was decided about dead and parked ones', async () => {
    const node = await boot({ groups: { ...GROUPS }, handlers: [consumer('orders', 'stock', work)] });
    const admin = node.app.get(MqAdminService);
    const agree = async (dead: number, parkedNow: number): Promise<void> => {
      const counts = await admin.counts();
      expect([counts.byStatus.DEAD, counts.parkedDeliveries]).toEqual([dead, parkedNow]);
      expect(await admin.find({ status: 'DEAD' })).toHaveLength(dead);
      expect(await admin.find({ status: 'PARKED' })).toHaveLength(parkedNow);
      const rows = await db.query(`SELECT message_id FROM mq_error_log WHERE parked AND retain_from IS NULL`);
      expect(rows).toHaveLength(dead + parkedNow);
      expect(await admin.replay({}, { reason: 'x', dryRun: true })).toMatchObject({ matched: dead + parkedNow });
    };
    node.broker.failNextSends(new TransportError('invalid', 'no'), { times: 3 });
    for (const n of [1, 2, 3]) await (await node.mq.publish('orders', { payload: n }, OWN)).sent();
    await parked(node, 2);
    await agree(3, 2);
    const [dead] = await admin.find({ status: 'DEAD' });
    await admin.discard([dead!.id], { reason: 'a test' });
    await agree(2, 2);
    await admin.discard({ side: 'consume' }, { reason: 'tests' });
    await agree(2, 0);
    await admin.replay({ side: 'publish' }, { reason: 'again' });
    await eventually(() => pending(node.broker) === 0 && node.broker.sent.length === 4);
    await eventuallyPasses(() => agree(0, 2));
  });

  it('refuses what it does not understand, in words', async () => {
    const admin = (await boot()).app.get(MqAdminService) as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    const refusal = (text: string) => ({
      code: 'MQ_MESSAGE_INVALID',
      message: expect.stringContaining(text) as string,
    });
    const reason = { reason: 'x' };
    for (const what of ['replay', 'discard']) {
      await expect(admin[what]!({ grup: 'stock' }, reason)).rejects.toMatchObject(refusal("did you mean 'group'?"));
      await expect(admin[what]!({ group: undefined }, reason)).rejects.toMatchObject(refusal('group is undefined'));
      await expect(admin[what]!({ status: 'SENT' }, reason)).rejects.toMatchObject(refusal('one of DEAD, PARKED'));
      await expect(admin[what]!({}, {})).rejects.toMatchObject(refusal('needs a reason'));
      await expect(admin[what]!({}, { ...reason, dryrun: true })).rejects.toMatchObject(refusal("mean 'dryRun'?"));
      await expect(admin[what]!({}, { ...reason, rate: 0 })).rejects.toMatchObject(refusal('rate must be'));
    }
    await expect(admin['find']!({ mesageId: 'x' })).rejects.toMatchObject(refusal("did you mean 'messageId'?"));
    await expect(admin['find']!({ status: 'PARKD' })).rejects.toMatchObject(refusal("did you mean 'PARKED'?"));
    await expect(admin['find']!({ since: 'yesterday' })).rejects.toMatchObject(refusal('since must be a Date'));
    await expect(admin['find']!({ blocked: false })).rejects.toMatchObject(
      refusal('blocked must be true, or be left out'),
    );
    await expect(admin['replay']!({ blocked: true }, reason)).rejects.toMatchObject(refusal("knows no 'blocked'"));
    await expect(admin['errorGroups']!({ open: true })).rejects.toMatchObject(refusal("knows no 'open'"));
  });
});
