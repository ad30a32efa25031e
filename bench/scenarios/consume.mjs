import { MqConsumer, MqConsumerService } from 'nestjs-reliable-mq';
import { compare } from '../harness/compare.mjs';
import { expectEqual } from '../harness/expect-equal.mjs';
import { ratioRow } from '../harness/rows.mjs';
import { within } from '../harness/within.mjs';
import { Application } from '../support/application.mjs';
import { Broker } from '../support/broker.mjs';
import { BODY, spreadOver, TAG, TOPIC } from '../support/messages.mjs';
import { StatementLog, substitute } from '../support/statement-log.mjs';

/** @typedef {import('nestjs-reliable-mq').MqTransport} MqTransport */

const AIM = 0.9;
const CONCURRENCY = 8;
const GROUP = 'GID_bench';
/** Topic of the loop by hand; the application has the other one. */
const BY_HAND = 'bench_by_hand';
const POOL = 20;

export const title = 'Consuming with a transaction for each message, beside a loop by hand with the same SQL';

/**
 * The loop runs the very statements of a delivery, as they were logged, and receives and acknowledges through the same
 * driver: as many pollers as we have places, each handling its batch one after another and acknowledging it as a whole.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, children, quick, ...options }) {
  const count = quick ? 300 : 1_500;
  for (const server of databases.servers) {
    const broker = await Broker.start(children);
    const log = new StatementLog();
    const transport = broker.transport();
    const app = await bootConsumer(await databases.create(server), transport, log);
    const deliver = await captureDelivery(app, transport, log);
    const { byHand, handlers } = await compare(
      {
        byHand: {
          prepare: () => load(app, transport, BY_HAND, count),
          run: () => handleByHand(transport, count, (id) => deliver(app, id)),
          check: () => expectHandled(app, broker, BY_HAND, count),
        },
        handlers: {
          prepare: () => load(app, transport, TOPIC, count),
          run: () => consume(app, count),
          check: async () => {
            await app.get(MqConsumerService).stop();
            await expectHandled(app, broker, TOPIC, count);
          },
        },
      },
      options,
    );
    await app.close();
    await databases.drop(app.database);
    await broker.stop();
    yield ratioRow({
      what: `${CONCURRENCY} at once`,
      database: server.label,
      base: ['by hand', byHand],
      subject: ['handlers', handlers],
      atLeast: AIM,
    });
  }
}

/**
 * @param {import('../support/databases.mjs').Database} database
 * @param {MqTransport} transport
 * @param {StatementLog} logger
 */
async function bootConsumer(database, transport, logger) {
  const placeholder = database.server.type === 'postgres' ? '$1' : '?';
  class HandleOrder {
    /**
     * @param {import('nestjs-reliable-mq').MqMessage<unknown>} message
     * @param {import('nestjs-reliable-mq').MqContext} options
     */
    async handle(message, { manager }) {
      await manager.query(`INSERT INTO bench_handled (message_id) VALUES (${placeholder})`, [message.id]);
    }
  }
  MqConsumer(TOPIC, 'bench')(HandleOrder);
  const app = await Application.boot({
    database,
    providers: [HandleOrder],
    poolSize: POOL,
    logger,
    mq: {
      transport,
      groups: { bench: { groupId: GROUP, concurrency: CONCURRENCY } },
      consume: { maxInFlight: CONCURRENCY },
    },
  });
  await app.query('CREATE TABLE bench_handled (message_id varchar(64) PRIMARY KEY)');
  return app;
}

/**
 * One message goes through the application; what its delivery did to the database is what the loop does for each of its own.
 *
 * @param {Application} app
 * @param {MqTransport} transport
 * @param {StatementLog} log
 * @returns {Promise<(app: Application, id: string) => Promise<void>>}
 */
async function captureDelivery(app, transport, log) {
  const [id] = await load(app, transport, TOPIC, 1);
  const consumer = app.get(MqConsumerService);
  const statements = await log.capture(async () => {
    await consume(app, 1);
    await consumer.stop();
  });
  const begin = statements.findIndex(({ text }) => /^START TRANSACTION/i.test(text));
  const commit = statements.findIndex(({ text }) => /^COMMIT/i.test(text));
  if (begin < 0 || commit < begin) throw new Error('no transaction was seen in the delivery');
  const inside = statements.slice(begin + 1, commit);
  const after = statements.slice(commit + 1);
  return async ({ dataSource }, otherId) => {
    const values = new Map([[id, otherId]]);
    const runner = dataSource.createQueryRunner();
    /** @param {import('../support/statement-log.mjs').Statement} options */
    const execute = ({ text, parameters }) => runner.query(text, substitute(parameters, values));
    await runner.startTransaction();
    for (const statement of inside) await execute(statement);
    await runner.commitTransaction();
    for (const statement of after) await execute(statement);
    await runner.release();
  };
}

let loads = 0;

/**
 * @param {Application} app
 * @param {MqTransport} transport
 * @param {string} topic
 * @param {number} count
 */
export async function load(app, transport, topic, count) {
  await app.query('TRUNCATE TABLE mq_inbox');
  await app.query('TRUNCATE TABLE bench_handled');
  const batch = ++loads;
  const ids = Array.from({ length: count }, (_, n) => `${batch}-${n}`);
  const { signal } = new AbortController();
  await spreadOver(16, count, (n) =>
    transport.send(
      {
        topic,
        instanceId: null,
        tag: TAG,
        key: ids[n],
        body: BODY,
        properties: { 'mq-id': ids[n] },
        deliverAt: null,
        orderingKey: null,
      },
      signal,
    ),
  );
  return ids;
}

/**
 * @param {Application} app
 * @param {number} count
 */
async function consume(app, count) {
  await app.until('delivery.handled', count, () => app.get(MqConsumerService).start());
  return { count };
}

/**
 * @param {MqTransport} transport
 * @param {number} count
 * @param {(id: string) => Promise<void>} deliver
 */
async function handleByHand(transport, count, deliver) {
  const done = new AbortController();
  const { signal } = new AbortController();
  let handled = 0;
  let ms = 0;
  const startedAt = performance.now();
  const poll = async () => {
    const source = transport.subscribe({
      topic: BY_HAND,
      instanceId: null,
      groupId: GROUP,
      tags: null,
      ordered: false,
    });
    while (handled < count) {
      const batch = await source
        .receive({ max: 16, waitMs: 5_000, leaseMs: 300_000 }, done.signal)
        .catch((error) => (done.signal.aborted ? [] : Promise.reject(error)));
      for (const { message } of batch) {
        await deliver(message.properties['mq-id']);
        if (++handled === count) ms = performance.now() - startedAt;
      }
      if (handled === count) done.abort();
      if (batch.length > 0) await source.ack(batch, signal);
    }
    await source.close();
  };
  await within(60_000, 'the loop by hand', Promise.all(Array.from({ length: CONCURRENCY }, poll)));
  return { count, ms };
}

/**
 * @param {Application} app
 * @param {Broker} broker
 * @param {string} topic
 * @param {number} count
 */
export async function expectHandled(app, broker, topic, count) {
  const [row] = await app.query('SELECT COUNT(*) AS handled FROM bench_handled');
  expectEqual('messages handled', row.handled, count);
  const [inbox] = await app.query('SELECT COUNT(*) AS entered FROM mq_inbox');
  expectEqual('rows in the inbox', inbox.entered, count);
  const { instances } = await broker.state();
  const { ready, inFlight, dead } = instances[''].topics[topic].groups[GROUP];
  expectEqual('messages left at the broker', ready + inFlight + dead, 0);
}
