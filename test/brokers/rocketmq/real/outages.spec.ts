import 'reflect-metadata';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer } from '../../../support/node/consumer.js';
import { bootNode } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { type RunningRocketmq, startRocketmq } from '../../../support/rocketmq/start-rocketmq.mjs';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { Load } from '../../../support/node/load.js';

jest.setTimeout(400_000);

/**
 * Within this long of the broker's return, messages are sent and handled again. On processors with nothing else to do it takes
 * 1 to 3 s; whoever waited for gRPC's own backoff, or for a consumer's longest pause, would wait half a minute or two.
 */
const BACK_MS = 20_000;
/** Topics, each with a group: one for each test, because what a test that failed leaves behind would be handled in the next. */
const RUNS = ['PostgreSQL_1', 'PostgreSQL_2', 'MariaDB_1', 'MySQL_1'];
const CONTROL = 'control';
const never = new AbortController().signal;

describeRocketmq('a broker that goes away under load', () => {
  let broker: RunningRocketmq;

  beforeAll(async () => {
    const names = [CONTROL, ...RUNS];
    broker = await startRocketmq({
      topics: names.map((name) => ({ name })),
      groups: names.map((name) => ({ name: `GID_${name}` })),
    });
  }, 240_000);
  afterAll(() => broker?.stop());

  describeDatabases('the application', (db) => {
    let load: Load;
    let run = 0;
    afterEach(() => load.stop());
    closeAfterEach();
    const tables = new Tables(db);
    beforeEach(async () => {
      const name = `${db.name}_${++run}`;
      const handle = consumer('orders', 'stock', (message, context) => tables.effect(context, message));
      const node = await bootNode(db, {
        transport: rocketmq({ endpoints: broker.endpoint }),
        topics: { orders: { topic: name } },
        groups: { stock: { groupId: `GID_${name}` } },
        reproduce: { idle: '500ms' },
        consume: { timeout: '5s' },
        handlers: [handle],
      });
      load = new Load(node, () => tables.effects());
    });

    it('killed and started again: is soon back, and every message is handled once', async () => {
      await load.flows();
      await broker.kill();
      await load.mounts();
      await broker.start();
      expect(await backAfter(broker, load)).toBeLessThan(BACK_MS);
      await load.settles();
      expect(await tables.effects()).toEqual(load.published.toSorted());
      expect((await tables.statuses()).filter(({ status }) => status !== 'SENT')).toEqual([]);
    });

    // Once: a minute is long, and what happens in it is the transport's affair, not the database's.
    if (db.name === 'PostgreSQL') {
      it('silent for a minute: is soon back, and every message is handled once', async () => {
        await load.flows();
        broker.pause();
        try {
          const until = performance.now() + 60_000;
          await eventually(() => performance.now() > until, { timeoutMs: 61_000, what: 'a minute' });
        } finally {
          broker.resume();
        }
        expect(await backAfter(broker, load)).toBeLessThan(BACK_MS);
        await load.settles();
        expect(await tables.effects()).toEqual(load.published.toSorted());
        expect((await tables.statuses()).filter(({ status }) => status === 'DEAD')).toEqual([]);
      });
    }
  });
});

/** How long after the broker serves a client that is new to it a message is handled that was not at first. */
async function backAfter(broker: RunningRocketmq, load: Load): Promise<number> {
  const before = (await load.effects()).length;
  const handling = eventually<number | false>(async () => (await load.effects()).length > before && performance.now(), {
    timeoutMs: 90_000,
    what: 'a message handled after the return',
  });
  const [handledAt, servedAt] = await Promise.all([handling, serves(broker)]);
  return Number(handledAt) - servedAt;
}

/** When the broker takes a message of a new client and hands it out: routes come seconds before that on a busy machine. */
async function serves({ endpoint }: RunningRocketmq): Promise<number> {
  const message = { topic: CONTROL, instanceId: null, tag: null, key: 'k', body: 'b', properties: {} };
  const subscription = { topic: CONTROL, groupId: `GID_${CONTROL}`, instanceId: null, tags: null, ordered: false };
  return eventually<number | null>(
    async () => {
      const transport = rocketmq({ endpoints: endpoint });
      try {
        const source = transport.subscribe(subscription);
        await transport.send({ ...message, deliverAt: null, orderingKey: null }, never);
        const [delivery] = await source.receive({ max: 1, waitMs: 5_000, leaseMs: 10_000 }, never);
        if (delivery) await source.ack([delivery], never);
        return delivery === undefined ? null : performance.now();
      } finally {
        await transport.close();
      }
    },
    { timeoutMs: 90_000, what: 'the broker serving a new client' },
  );
}
