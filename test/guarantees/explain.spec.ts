import 'reflect-metadata';
import {
  EXPLAIN_STATES,
  MqAdminService,
  MqConsumerService,
  type NewMessage,
  PermanentError,
  ReproduceService,
  RetryLater,
} from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, OWN, pending } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';
import { beatOften } from './support/beat-often.js';
import { explained, produced } from './support/explained.js';

const HOUR = 3_600_000;
const HERE = new RegExp(`:${process.pid}\\b`);
const TOPICS = {
  orders: { topic: 'shop_orders' },
  lanes: { topic: 'shop_lanes', ordered: true },
  bills: { topic: 'shop_bills' },
};
/** Nothing is tried again while a test looks, and no relay looks for what a test has made due. */
const PATIENT = { idle: '10m', backoff: () => '1h', maxAttempts: 3 } as const;

describeDatabases(
  'why a message is where it is',
  (db) => {
    closeAfterEach();
    beatOften();
    beforeAll(() => produced.clear());
    const tables = new Tables(db);
    beforeEach(async () => {
      for (const table of ['mq_copy', 'mq_pause', 'mq_node', 'mq_action'])
        await db.query(`DELETE FROM ${table}`).catch(() => undefined);
    });
    const publish = async ({ mq }: Node, topic: string, more: Partial<NewMessage> = {}): Promise<string> =>
      (await mq.publish(topic, { payload: 'work', ...more }, OWN)).messages[0]!.id;
    const statusOf = async (id: string): Promise<string | undefined> =>
      (await tables.statuses()).find((row) => row.id === id)?.status;
    const has = (id: string, status: string): Promise<unknown> =>
      eventually(async () => (await statusOf(id)) === status, { what: `${id} being ${status}` });
    const change = (id: string, set: string): Promise<unknown> =>
      db.query(`UPDATE mq_status_log SET ${set} WHERE id = '${id}'`);
    const sent = async (node: Node, topic: string, more?: Partial<NewMessage>): Promise<string> => {
      const id = await publish(node, topic, more);
      await has(id, 'SENT');
      return id;
    };

    it('while no relay runs: never committed, its time, an answer that did not come, its key, a pause between attempts', async () => {
      const node = await bootNode(db, { role: 'api', profile: 'rich', topics: TOPICS, groups: {}, reproduce: PATIENT });
      const start = /Start a process with the role relay/;
      let never = '';
      const rollback = node.dataSource.transaction(async (manager) => {
        never = (await node.mq.publish('orders', { payload: 1 }, { manager })).messages[0]!.id;
        throw new Error('changed my mind');
      });
      await rollback.catch(() => undefined);
      const unknown = await explained(node, never, 'unknown', { text: /rolled back/, by: null, also: ['id-time'] });
      expect(unknown.because[1]).toMatchObject({ mayBePruned: false });
      await explained(node, '01700000-0000-7000-8000-000000000000', 'unknown', { text: /pruned/, by: null });

      const later = await publish(node, 'orders', { delay: '2d' });
      await explained(node, later, 'waits-for-its-time', {
        text: /for delivery at/,
        by: 'relay',
        at: true,
        todo: start,
      });

      node.broker.failNextSends('unknown');
      const silent = await publish(node, 'orders');
      await eventually(async () => (await tables.statuses()).find(({ id }) => id === silent)?.last_error_code);
      const again = { text: /may have arrived/, by: 'relay', at: true, todo: start, also: ['no-relay'] };
      await explained(node, silent, 'outcome-unknown', again);
      await node.app.get(MqAdminService).cancel([silent], { reason: 'not wanted' });
      await explained(node, silent, 'cancelled', { text: /not wanted/, by: null, also: ['may-have-left'] });

      node.broker.failNextSends('unknown');
      const first = await publish(node, 'lanes', { orderingKey: 'a' });
      await has(first, 'PENDING');
      const second = await publish(node, 'lanes', { orderingKey: 'a' });
      await has(second, 'PENDING');
      const behind = await explained(node, second, 'waits-behind-older', {
        text: new RegExp(`1 message .* goes before it. The first is ${first}.*outcome-unknown`),
        by: 'relay',
        at: true,
        todo: start,
        also: ['head'],
      });
      expect(behind.because[1]).toMatchObject({ of: 'outcome-unknown' });
      await change(first, `status = 'SENT', due_at = NULL, open_key = NULL, done_at = created_at`);
      await explained(node, second, 'waits-to-be-woken', { text: /ended before/, by: 'relay', at: true, todo: start });

      node.broker.failNextSends('invalid');
      const dead = await publish(node, 'lanes', { orderingKey: 'b' });
      await has(dead, 'DEAD');
      const blocked = await publish(node, 'lanes', { orderingKey: 'b' });
      await has(blocked, 'PENDING');
      const decide = new RegExp(`replay ${dead}; or discard it`);
      await explained(node, dead, 'dead', {
        text: /could not be sent/,
        by: 'operator',
        todo: decide,
        also: ['holds-key', 'like'],
      });
      await explained(node, blocked, 'blocked-by-dead', {
        text: new RegExp(`${dead}, dead since`),
        by: 'operator',
        todo: decide,
      });

      node.broker.goDown();
      const waits = await publish(node, 'orders', { key: 'order-7' });
      await eventually(async () => (await tables.statuses()).find(({ id }) => id === waits)?.last_error_code);
      await explained(node, 'order-7', 'no-relay', {
        text: /No process with the role relay/,
        by: null,
        todo: start,
        also: ['last-failure'],
      });
      await change(waits, `due_at = due_at + ${HOUR}`);
      const relay = await bootNode(db, { role: 'relay', topics: TOPICS, groups: {}, reproduce: PATIENT });
      // It says that it relays, and does not: as one that has too much to do, or hangs.
      await relay.app.get(ReproduceService).stop();
      await explained(node, waits, 'waits-to-be-tried-again', {
        text: /The last attempt failed/,
        by: 'relay',
        at: true,
      });
      await change(later, 'due_at = created_at');
      await explained(node, later, 'due', { text: /has been due for/, by: 'relay' });
      await change(later, `due_at = created_at - ${HOUR}`);
      await explained(node, later, 'overdue', { text: HERE, by: 'relay', todo: /tables cannot tell why/ });
    });

    it('while a relay runs: a topic that is refused, a pause, nobody who claims it, and a broker that is away', async () => {
      const { bills } = TOPICS;
      const node = await bootNode(db, {
        topics: { ...TOPICS, gone: { topic: 'shop_gone' } },
        groups: {},
        reproduce: PATIENT,
      });
      const admin = node.app.get(MqAdminService);
      const send = node.transport.send.bind(node.transport);
      jest.spyOn(node.transport, 'send').mockImplementation((message, signal) => {
        if (message.topic === bills.topic) return Promise.reject(new TransportError('not-found', 'no such topic'));
        return send(message, signal);
      });
      const bill = await publish(node, 'bills');
      await admin.pause('topic:lanes', { reason: 'month end', actor: 'ann', for: '1h' });
      const paused = await publish(node, 'lanes');
      const orphan = await publish(node, 'orders', { delay: '50d' });
      await change(orphan, `topic = 'shop_renamed', due_at = created_at`);
      await explained(node, paused, 'topic-paused', { text: /paused by ann .*month end/, by: 'relay', at: true });
      await explained(node, orphan, 'orphaned', {
        text: /without the topic shop_renamed/,
        by: null,
        todo: /Configure the topic/,
      });
      await change(orphan, `topic = 'shop_orders', connection = 'of yore'`);
      await explained(node, orphan, 'orphaned', {
        text: /belongs to of yore@memory/,
        by: null,
        todo: /'of yore@memory'/,
      });
      await explained(node, bill, 'topic-stopped', {
        text: /topic shop_bills since .*no such topic/,
        by: 'relay',
        at: true,
        todo: /Create the topic shop_bills/,
        also: ['last-failure'],
      });
      node.broker.goDown();
      const waits = await publish(node, 'orders');
      await explained(node, waits, 'broker-away', { text: /through the connection since/, by: 'relay', at: true });
    });

    it('on its way: a process that sends it, one that is gone, and its lease that ended', async () => {
      const node = await bootNode(db, { groups: {}, reproduce: PATIENT });
      node.broker.pause();
      const id = await publish(node, 'orders');
      await explained(node, id, 'being-sent', { text: HERE, by: HERE, at: true });
      await change(id, `lease_owner = 'elsewhere:77'`);
      await explained(node, id, 'sender-gone', { text: /elsewhere:77 had it, and is gone/, by: 'relay', at: true });
      // The relay takes it over at its next look.
      const first = () => change(id, 'due_at = created_at');
      await explained(node, id, 'lease-over', { text: /Its lease ended/, by: 'relay', first });
      node.broker.resume();
    });

    it('decided: replayed, discarded, pruned', async () => {
      const node = await bootNode(db, { groups: {}, reproduce: { ...PATIENT, idle: '100ms' } });
      const admin = node.app.get(MqAdminService);
      node.broker.failNextSends('invalid', { times: 3 });
      const [one, two] = [await publish(node, 'orders'), await publish(node, 'orders')];
      const keyed = await publish(node, 'orders', { key: 'A-1' });
      for (const id of [one, two, keyed]) await has(id, 'DEAD');
      // The key that stands in the filter of an action is not taken for one more message.
      await admin.replay({ key: 'A-1' }, { reason: 'mended' });
      expect((await admin.explain('A-1')).map(({ messageId }) => messageId)).toEqual([keyed]);
      await admin.discard([one], { reason: 'of no use' });
      await explained(node, one, 'discarded', { text: /of no use/, by: null });
      const [replayed] = await admin.replay([two], { reason: 'mended' });
      const { rowId } = replayed as { rowId: string };
      await has(rowId, 'SENT');
      const followed = await explained(node, two, 'sent', { text: /The broker took it/, by: null, also: ['replay'] });
      expect(followed.because.find(({ code }) => code === 'replay')).toMatchObject({ rowId });
      // It alone: the row is no message beside the one that it replays, nor is the error row that was decided about.
      expect(await admin.explain(rowId)).toMatchObject([{ messageId: two, state: 'sent' }]);
      const [error] = await db.query<{ id: string }>(`SELECT id FROM mq_error_log WHERE message_id = '${two}'`);
      expect(await admin.explain(error!.id)).toMatchObject([{ messageId: two, state: 'sent' }]);
      const entries = (await admin.timeline(two))[0]!.entries.map(({ what }) => what);
      expect(entries).toEqual([
        'published',
        'dead',
        expect.stringMatching(/decided|replayed/),
        expect.stringMatching(/decided|replayed/),
        'sent',
      ]);
      await db.query(`DELETE FROM mq_status_log WHERE id = '${rowId}'`);
      await explained(node, two, 'replayed', { text: /mended.*row of the replay is gone/, by: null });
      await db.query(`DELETE FROM mq_status_log WHERE id = '${two}'`);
      await explained(node, two, 'pruned', { text: /Its row is gone/, by: null });
    });

    it('at the broker, and no process that runs has asked for it', async () => {
      const nothing = (): void => undefined;
      const node = await bootNode(db, {
        role: 'api',
        topics: { ...TOPICS, accounts: { topic: 'shop_accounts', settleOn: { group: 'books', within: '1h' } } },
        groups: { stock: { groupId: 'GID_stock' }, books: { groupId: 'GID_books' } },
        handlers: [consumer('orders', 'stock', nothing), consumer('accounts', 'books', nothing)],
      });
      const work = /Start a process with the role worker/;
      await explained(node, await sent(node, 'bills'), 'sent', { text: /shop_bills/, by: null });
      await explained(node, await sent(node, 'orders'), 'no-consumer', {
        text: /the group stock/,
        by: 'broker',
        todo: work,
      });
      await explained(node, await sent(node, 'orders', { delay: '1h' }), 'held-by-broker', {
        text: /keeps it until/,
        by: 'broker',
        at: true,
      });
      const accepted = await publish(node, 'accounts');
      await has(accepted, 'ACCEPTED');
      await explained(node, accepted, 'awaits-its-group', {
        text: /group books has not settled/,
        by: 'broker',
        todo: work,
        also: ['no-consumer', 'silent-group'],
      });
    });

    it('in a group: handled, with copies; given up, discarded; running, held, left to the broker; paused, passed over, not fetched', async () => {
      const { pass, reach, reached, open } = gate();
      const names = ['quick', 'given-up', 'slow', 'held', 'left', 'tagged', 'paused', 'taken', 'plain', 'half'];
      let noSuchSku = true;
      const works: Record<string, () => unknown> = {
        'given-up': () => (noSuchSku ? Promise.reject(new PermanentError('no such sku')) : undefined),
        slow: () => (reach(), pass),
        held: () => Promise.reject(new Error('not today')),
        left: () => Promise.reject(new RetryLater('10m')),
      };
      const node = await bootNode(db, {
        topics: Object.fromEntries(names.map((name) => [name, { topic: `shop_${name}` }])),
        groups: {
          ...Object.fromEntries(names.map((name) => [name, { groupId: `GID_${name}` }])),
          tagged: { groupId: 'GID_tagged', tags: ['created'] },
          plain: { groupId: 'GID_plain', inbox: false },
        },
        handlers: names.map((name) => consumer(name, name, works[name] ?? ((): void => undefined))),
        consume: { backoff: { base: '2m', cap: '2m' }, maxInFlight: 4 },
      });
      const admin = node.app.get(MqAdminService);
      const group = (name: string) => [`GID_${name}`, `shop_${name}`] as const;
      node.app.get(MqConsumerService).pause('taken');
      await admin.pause('group:paused', { reason: 'stocktaking', actor: 'ann' });
      const ids: Record<string, string> = {};
      node.broker.loseNextAcks(1);
      for (const name of names) ids[name] = await sent(node, name);
      await reached;

      await explained(node, ids['given-up']!, 'parked', {
        text: /no such sku/,
        by: 'operator',
        todo: /replay .*; or discard/,
        also: ['like'],
      });
      const [parked] = await admin.find({ status: 'PARKED' });
      expect((await admin.explain(parked!.id))[0]).toMatchObject({ messageId: ids['given-up'], state: 'parked' });
      await admin.discard([parked!.id], { reason: 'sku is gone' });
      await explained(node, ids['given-up']!, 'discarded', { text: /sku is gone/, by: null });
      // The first row was for all groups: what the replay is for speaks for that group alone.
      const back = await sent(node, 'given-up');
      await explained(node, back, 'parked', { text: /no such sku/, by: 'operator', todo: /replay/, also: ['like'] });
      noSuchSku = false;
      const [again] = await admin.find({ status: 'PARKED' });
      await admin.replay([again!.id], { reason: 'sku is back' });
      await eventually(async () =>
        (await tables.inbox()).some((row) => row.message_id === back && row.state === 'HANDLED'),
      );
      await explained(node, back, 'handled', { text: /group given-up has handled it/, by: null, also: ['replay'] });
      await explained(node, ids['quick']!, 'handled', { text: /group quick has handled it/, by: null });
      await explained(node, ids['plain']!, 'no-inbox', { text: /keeps no inbox/, by: null });
      await explained(node, ids['tagged']!, 'tag-not-asked', {
        text: /asks the broker for "created", and it has no tag/,
        by: null,
        todo: /add a handler for its tag/,
      });
      await explained(node, ids['paused']!, 'group-paused', {
        text: /paused by ann .*stocktaking/,
        by: null,
        todo: /Resume group:paused/,
      });
      await explained(node, ids['taken']!, 'group-paused', {
        text: /MqConsumerService.pause/,
        by: null,
        todo: /Resume taken/,
      });
      await explained(node, ids['slow']!, 'running', { text: HERE, by: HERE });
      await explained(node, ids['held']!, 'held-in-memory', { text: /waits in the memory of/, by: HERE, at: true });
      await explained(node, ids['left']!, 'waits-for-redelivery', {
        text: /Attempt 1 of the group left failed/,
        by: 'broker',
      });
      // What another consumer of the group took and lost; what a copy met; what an attempt left that DDL had committed.
      node.broker.group('shop_taken', 'GID_taken', null).take({ max: 1, leaseMs: HOUR, tags: null, ordered: false });
      node.app.get(MqConsumerService).resume('taken');
      await explained(node, ids['taken']!, 'not-fetched', { text: /tables cannot tell/, by: 'broker' });
      // By the whole key: the handler that runs has a row locked, and without an index an UPDATE waits for every row.
      const half = `group_id = 'GID_half' AND message_id = '${ids['half']}'`;
      await db.query(`UPDATE mq_inbox SET state = 'STARTED' WHERE ${half}`);
      await explained(node, ids['half']!, 'half-done', {
        text: /committed before its end/,
        by: 'broker',
        todo: /Put right by hand/,
      });
      node.broker.loseNextAcks(Number.POSITIVE_INFINITY);
      const twice = await sent(node, 'quick');
      await eventually(async () => (await tables.inbox()).some((row) => row.message_id === twice));
      leasesEnd(node.broker, ...group('quick'));
      await eventually(async () => (await admin.counts()).copies.length > 0, { what: 'a copy' });
      node.broker.heal();
      const handled = await explained(node, twice, 'handled', { text: /has handled it/, by: null, also: ['copies'] });
      expect(handled.because.find(({ code }) => code === 'copies')).toMatchObject({
        reason: 'redelivered',
        text: expect.stringMatching(/nothing happened twice/) as string,
      });
      await eventually(() => pending(node.broker, ...group('quick')) === 0);
      node.broker.goDown();
      await explained(node, ids['taken']!, 'polls-fail', {
        text: /gets nothing.*MQ_BROKER_UNAVAILABLE/,
        by: 'group taken',
      });
      node.broker.heal();
      open();
    });

    it('tells every state that there is', () => {
      expect([...produced].sort()).toEqual(Object.keys(EXPLAIN_STATES).sort());
    });
  },
  ['PostgreSQL', 'MariaDB'],
);
