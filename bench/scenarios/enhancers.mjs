import { UseGuards, UseInterceptors } from '@nestjs/common';
import { MqConsumer, MqConsumerService, MqCtx, MqKey, MqPayload } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { compare } from '../harness/compare.mjs';
import { expectEqual } from '../harness/expect-equal.mjs';
import { ratioRow } from '../harness/rows.mjs';
import { Application } from '../support/application.mjs';
import { BODY, spreadOver, TAG } from '../support/messages.mjs';

/** @typedef {import('@nestjs/common').Type} Type */
/** @typedef {import('nestjs-reliable-mq').MqContext} MqContext */

const AIM = 0.95;
const CONCURRENCY = 8;
const GROUP = 'GID_bench';
const POOL = 20;
/** @type {import('@nestjs/common').PipeTransform} */
const PIPE = { transform: (value) => value };

export const title =
  'Handlers with decorated parameters, and with a guard, an interceptor and a pipe as well, beside one without';

/**
 * One application with a topic for each of the handlers, which differ in their decorators alone. The broker is in memory: nothing else takes
 * time.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, quick, ...options }) {
  const count = quick ? 500 : 2_000;
  for (const server of databases.servers) {
    const insert = `INSERT INTO bench_handled (message_id) VALUES (${server.type === 'postgres' ? '$1' : '?'})`;
    const setup = await boot(await databases.create(server), {
      plain: withoutDecorators(insert),
      parameters: withParameters(insert),
      enhanced: withEnhancers(insert),
    });
    const { plain, parameters, enhanced } = await compare(
      {
        plain: way(setup, 'plain', count),
        parameters: way(setup, 'parameters', count),
        enhanced: way(setup, 'enhanced', count),
      },
      options,
    );
    await setup.app.close();
    await databases.drop(setup.app.database);
    /** @type {['without', import('../harness/compare.mjs').Sample[]]} */
    const base = ['without', plain];
    const row = { database: server.label, base, atLeast: AIM };
    yield ratioRow({ ...row, what: 'parameters', subject: ['with', parameters] });
    yield ratioRow({ ...row, what: 'guard, interceptor, pipe', subject: ['with', enhanced] });
  }
}

/** @param {string} insert */
function withoutDecorators(insert) {
  class Handler {
    /**
     * @param {{ key: string }} message
     * @param {MqContext} options
     */
    async handle({ key }, { manager }) {
      await manager.query(insert, [key]);
    }
  }
  return Handler;
}

/** @param {string} insert */
function withParameters(insert) {
  class Handler {
    /**
     * @param {string} key
     * @param {MqContext} options
     * @param {unknown} _payload
     */
    async handle(key, { manager }, _payload) {
      await manager.query(insert, [key]);
    }
  }
  MqKey()(Handler.prototype, 'handle', 0);
  MqCtx()(Handler.prototype, 'handle', 1);
  MqPayload(PIPE)(Handler.prototype, 'handle', 2);
  return Handler;
}

/** @param {string} insert */
function withEnhancers(insert) {
  const Handler = withParameters(insert);
  UseGuards({ canActivate: () => true })(Handler);
  UseInterceptors({ intercept: (_host, next) => next.handle() })(Handler);
  return Handler;
}

/**
 * @param {import('../support/databases.mjs').Database} database
 * @param {Record<string, new () => { handle(...args: never[]): unknown }>} handlers by topic
 */
async function boot(database, handlers) {
  const topics = Object.keys(handlers);
  for (const topic of topics) MqConsumer(topic, 'bench')(handlers[topic]);
  const transport = memoryTransport();
  const app = await Application.boot({
    database,
    providers: Object.values(handlers),
    poolSize: POOL,
    mq: {
      transport,
      topics: Object.fromEntries(topics.map((topic) => [topic, { topic }])),
      groups: { bench: { groupId: GROUP, concurrency: CONCURRENCY } },
      consume: { maxInFlight: CONCURRENCY },
    },
  });
  await app.query('CREATE TABLE bench_handled (message_id varchar(64) PRIMARY KEY)');
  return { app, transport };
}

let loads = 0;

/**
 * @param {Awaited<ReturnType<typeof boot>>} setup
 * @param {string} topic
 * @param {number} count
 * @returns {import('../harness/compare.mjs').Variant}
 */
function way({ app, transport }, topic, count) {
  const consumers = app.get(MqConsumerService);
  return {
    prepare: async () => {
      await app.query('TRUNCATE TABLE mq_inbox');
      await app.query('TRUNCATE TABLE bench_handled');
      const batch = ++loads;
      const { signal } = new AbortController();
      await spreadOver(16, count, (n) =>
        transport.send(
          {
            topic,
            instanceId: null,
            tag: TAG,
            key: `${batch}-${n}`,
            body: BODY,
            properties: { 'mq-id': `${batch}-${n}` },
            deliverAt: null,
            orderingKey: null,
          },
          signal,
        ),
      );
    },
    run: async () => {
      await app.until('delivery.handled', count, () => consumers.start());
      return { count };
    },
    check: async () => {
      await consumers.stop();
      const [row] = await app.query('SELECT COUNT(*) AS handled FROM bench_handled');
      expectEqual('messages handled', row.handled, count);
      expectEqual('messages left at the broker', transport.broker.stateOf(topic, GROUP).pending, 0);
    },
  };
}
