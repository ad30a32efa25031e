import { MqConsumer, MqConsumerService } from 'nestjs-reliable-mq';
import { compare } from '../harness/compare.mjs';
import { ratioRow } from '../harness/rows.mjs';
import { Application } from '../support/application.mjs';
import { Broker } from '../support/broker.mjs';
import { TOPIC } from '../support/messages.mjs';
import { expectHandled, load } from './consume.mjs';

const AIM = 3;
const CONCURRENCY = 8;
const GROUP = 'GID_bench';
/** Topic whose handler gets batches. */
const BATCHED = 'bench_batched';

export const title = 'Consuming in batches, beside a transaction for each message';

/** @param {import('../main.mjs').Setting} options */
export async function* run({ databases, children, quick, ...options }) {
  const count = quick ? 1_000 : 5_000;
  for (const server of databases.servers) {
    const broker = await Broker.start(children);
    const transport = broker.transport();
    const app = await boot(await databases.create(server), transport);
    /** @param {string} topic */
    const side = (topic) => ({
      prepare: () => load(app, transport, topic, count),
      run: async () => {
        await app.until('delivery.handled', count, () => app.get(MqConsumerService).start());
        return { count };
      },
      check: async () => {
        await app.get(MqConsumerService).stop();
        await expectHandled(app, broker, topic, count);
      },
    });
    const { single, batches } = await compare({ single: side(TOPIC), batches: side(BATCHED) }, options);
    await app.close();
    await databases.drop(app.database);
    await broker.stop();
    yield ratioRow({
      what: `batches of up to 100, ${CONCURRENCY} at once`,
      database: server.label,
      base: ['one by one', single],
      subject: ['batches', batches],
      atLeast: AIM,
    });
  }
}

/**
 * @param {import('../support/databases.mjs').Database} database
 * @param {import('nestjs-reliable-mq').MqTransport} transport
 */
async function boot(database, transport) {
  /** @param {number} index */
  const placeholder = (index) => (database.server.type === 'postgres' ? `$${index}` : '?');
  /**
   * @param {import('nestjs-reliable-mq').MqMessage<unknown>[]} messages
   * @param {import('nestjs-reliable-mq').MqContext} context
   */
  const insert = async (messages, { manager }) => {
    const values = messages.map((_, i) => `(${placeholder(i + 1)})`).join(', ');
    const ids = messages.map(({ id }) => id);
    await manager.query(`INSERT INTO bench_handled (message_id) VALUES ${values}`, ids);
  };
  class Handlers {
    /**
     * @param {import('nestjs-reliable-mq').MqMessage<unknown>} message
     * @param {import('nestjs-reliable-mq').MqContext} context
     */
    single(message, context) {
      return insert([message], context);
    }

    /**
     * @param {import('nestjs-reliable-mq').MqMessage<unknown>[]} messages
     * @param {import('nestjs-reliable-mq').MqContext} context
     */
    batch(messages, context) {
      return insert(messages, context);
    }
  }
  decorate(Handlers.prototype, 'single', MqConsumer(TOPIC, 'bench'));
  decorate(Handlers.prototype, 'batch', MqConsumer(BATCHED, 'bench', { batch: { size: 100, wait: 20 } }));
  const app = await Application.boot({
    database,
    providers: [Handlers],
    poolSize: 20,
    mq: {
      transport,
      topics: { [TOPIC]: { topic: TOPIC }, [BATCHED]: { topic: BATCHED } },
      groups: { bench: { groupId: GROUP, concurrency: CONCURRENCY } },
      consume: { maxInFlight: CONCURRENCY },
    },
  });
  await app.query('CREATE TABLE bench_handled (message_id varchar(64) PRIMARY KEY)');
  return app;
}

/**
 * @param {object} prototype
 * @param {string} member
 * @param {(target: object, member: string, descriptor: PropertyDescriptor) => void} decorator
 */
function decorate(prototype, member, decorator) {
  const descriptor = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, member));
  decorator(prototype, member, descriptor);
}
