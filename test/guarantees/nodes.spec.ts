import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MqAdminService, type MqNode, type NodeGroup } from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate } from '../support/node/consumer.js';
import { bootNode, type Node, OWN, publishOne, told } from '../support/node/node.js';
import { RecordingLogger } from '../support/outbox/recording-logger.js';
import { ROOT } from '../support/pages.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'libs/mq/package.json'), 'utf8')) as { version: string };
const nodesOf = ({ app }: Pick<Node, 'app'>): Promise<MqNode[]> => app.get(MqAdminService).nodes();

describeDatabases('the nodes of an application', (db) => {
  closeAfterEach();
  beforeEach(() => db.query('DELETE FROM mq_node').catch(() => undefined));

  it('are listed from their boot to their end, with what they run', async () => {
    const worker = await bootNode(db, { role: 'worker' });
    const relay = await bootNode(db, { role: 'relay', topics: { bills: { topic: 'shop_bills' } }, groups: {} });
    const nodes = await nodesOf(relay);
    expect(nodes.map(({ roles }) => roles)).toEqual([
      ['publish', 'worker'],
      ['publish', 'relay'],
    ]);
    const [first] = nodes;
    expect(first).toMatchObject({
      connection: 'default',
      instance: expect.stringMatching(new RegExp(`:${process.pid}$`)) as string,
      version,
      alive: true,
      state: {
        broker: 'memory',
        owners: [{ connection: 'default', broker: 'memory' }],
        topics: [{ alias: 'orders', topic: 'shop_orders' }],
        circuits: [],
        groups: [],
      },
    });
    expect(Math.abs(first!.seenAt.getTime() - first!.startedAt.getTime())).toBeLessThan(10_000);
    expect(Math.abs(first!.clockOffsetMs)).toBeLessThan(10_000);
    await worker.app.close();
    expect((await nodesOf(relay)).map(({ roles }) => roles)).toEqual([['publish', 'relay']]);
    await relay.app.close();
    expect(await db.query('SELECT id FROM mq_node')).toEqual([]);
  });

  it('tell what they have in hand: what runs, what waits for its next attempt, and circuits with their next probe', async () => {
    const { reached, pass, reach, open } = gate();
    const running = consumer('orders', 'stock', () => {
      reach();
      return pass;
    });
    const failing = consumer('bills', 'books', () => Promise.reject(new Error('not today')));
    const node = await bootNode(db, {
      handlers: [running, failing],
      topics: { orders: { topic: 'shop_orders' }, bills: { topic: 'shop_bills' } },
      groups: { stock: { groupId: 'GID_stock', concurrency: 3 }, books: { groupId: 'GID_books' } },
      consume: { backoff: { base: '20s', cap: '20s' } },
    });
    const runs = await publishOne(node);
    await reached;
    const failed = told(node, 'delivery.failed');
    const waits = await publishOne(node, 'work', 'bills');
    await eventually(() => failed.length > 0);
    node.broker.goDown();
    await (await node.mq.publish('orders', { payload: 'waits' }, OWN)).sent();

    const state = await eventually(
      async () => {
        const [one] = await nodesOf(node);
        return one!.state.circuits.length > 0 ? one!.state : undefined;
      },
      { what: 'a beat that tells of the circuit', intervalMs: 200 },
    );
    expect(state.circuits).toEqual([
      {
        scope: 'connection',
        since: expect.any(String) as string,
        code: 'MQ_BROKER_UNAVAILABLE',
        message: expect.stringMatching(/./) as string,
        nextProbeInMs: expect.any(Number) as number,
      },
    ]);
    expect(Date.now() - Date.parse(state.circuits[0]!.since)).toBeGreaterThanOrEqual(0);
    const group = (alias: string): NodeGroup => state.groups.find((one) => one.group === alias)!;
    expect(group('stock')).toMatchObject({
      topic: 'orders',
      groupId: 'GID_stock',
      tags: null,
      concurrency: 3,
      inFlight: 1,
    });
    expect(group('stock').running).toEqual([{ messageId: runs, since: expect.any(String) as string }]);
    expect(Date.parse(group('stock').running[0]!.since)).toBeLessThanOrEqual(Date.now());
    expect(group('stock').held).toEqual([]);
    expect(group('books').held).toEqual([{ messageId: waits, until: expect.any(String) as string }]);
    expect(Date.parse(group('books').held[0]!.until)).toBeGreaterThan(Date.now() - 20_000);
    expect(group('books')).toMatchObject({ inFlight: 0, running: [] });
    open();
  });

  it('say how far their clocks are from the database’s, as the statement itself has measured', async () => {
    const real = Date.now.bind(Date);
    const now = jest.spyOn(Date, 'now').mockImplementation(() => real() - 7_000);
    try {
      const node = await bootNode(db);
      const [one] = await nodesOf(node);
      expect(one!.clockOffsetMs).toBeGreaterThan(-8_000);
      expect(one!.clockOffsetMs).toBeLessThan(-6_000);
      // What is seen is by the database's clock, so it lives.
      expect(one!.alive).toBe(true);
    } finally {
      now.mockRestore();
    }
  });

  it('beat with one statement, and read the pauses only when one has changed', async () => {
    const logger = new RecordingLogger();
    const node = await bootNode(db, { role: 'api', dataSourceOptions: { logger, logging: true } });
    const before = logger.statements.length;
    const seen = async (): Promise<string> =>
      (await db.query<{ seen_at: string }>('SELECT seen_at FROM mq_node'))[0]!.seen_at;
    const start = await seen();
    await eventually(async () => (await seen()) !== start, { what: 'the second beat', intervalMs: 100 });
    expect(logger.statements.slice(before).map(({ sql }) => sql)).toEqual([expect.stringContaining('mq_node')]);
    // One that changes is read, once.
    await node.app.get(MqAdminService).pause('topic:orders', { reason: 'a test' });
    const next = await seen();
    await eventually(async () => (await seen()) !== next, { what: 'the beat after the pause', intervalMs: 100 });
    const reads = logger.statements.filter(({ sql }) => /^\s*SELECT connection, target/.test(sql));
    expect(reads).toHaveLength(1);
    await node.app.get(MqAdminService).resume('topic:orders');
  });

  it('are gone when they were not seen for 30 s, by the database’s clock', async () => {
    const node = await bootNode(db);
    await db.query(`INSERT INTO mq_node (id, connection, instance, version, roles, started_at, seen_at, clock_offset, state)
      SELECT 'gone', connection, instance, version, roles, started_at - 60000, seen_at - 30000, 0, state FROM mq_node`);
    expect((await nodesOf(node)).map(({ id, alive }) => [id === 'gone', alive])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it('report an outage of the database once, and its end', async () => {
    const node = await bootNode(db, { role: 'api' });
    const failed: string[] = [];
    node.events.on('loop.failed', ({ loop }) => failed.push(loop));
    const recovered = told(node, 'loop.recovered');
    await db.query('ALTER TABLE mq_node RENAME TO mq_node_away');
    try {
      await eventually(() => failed.length > 0, { what: 'a missed beat' });
      const at = performance.now();
      await eventually(() => performance.now() - at > 12_000);
      expect(failed).toEqual(['heartbeat']);
    } finally {
      await db.query('ALTER TABLE mq_node_away RENAME TO mq_node');
    }
    await eventuallyPasses(async () => expect((await nodesOf(node))[0]!.alive).toBe(true));
    await eventually(() => recovered.length > 0, { what: 'the end of it' });
    expect(recovered).toEqual([{ loop: 'heartbeat', failedMs: expect.any(Number) as number }]);
  });
});
