import { createRequire } from 'node:module';
import { compare } from '../harness/compare.mjs';
import { ratioRow } from '../harness/rows.mjs';
import { Application } from '../support/application.mjs';
import { Broker } from '../support/broker.mjs';
import { BODY, spreadOver, TAG, TOPIC } from '../support/messages.mjs';
import { empty, expectSent, loadDue } from '../support/outbox-rows.mjs';

const sdk = createRequire(import.meta.url)('@aliyunmq/mq-http-sdk');
const CONCURRENCY = [1, 16, 64];
const QUICK_CONCURRENCY = [64];
const AIM_AT_64 = 1.5;

export const title = 'Draining a committed backlog to the broker, beside a publish loop with the bare SDK';

/**
 * The loop has no database at all: the relay claims and marks on top, and still has less to do.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, children, quick, ...options }) {
  for (const concurrency of quick ? QUICK_CONCURRENCY : CONCURRENCY) {
    const count = (concurrency === 1 ? 600 : 3_000) / (quick ? 3 : 1);
    const broker = await Broker.start(children);
    /** @type {Record<string, import('../harness/compare.mjs').Variant>} */
    const variants = { 'bare SDK': bareSdk(broker, concurrency, count) };
    /** @type {Application[]} */
    const apps = [];
    for (const server of databases.servers) {
      const app = await Application.boot({
        database: await databases.create(server),
        mq: { transport: broker.transport({ maxSockets: concurrency }) },
      });
      apps.push(app);
      variants[server.label] = relay(app, broker, count);
    }
    const { 'bare SDK': bare, ...drains } = await compare(variants, options);
    for (const app of apps) {
      await app.close();
      await databases.drop(app.database);
    }
    await broker.stop();
    for (const [database, samples] of Object.entries(drains)) {
      yield ratioRow({
        what: `${concurrency} at once`,
        database,
        base: ['bare SDK', bare],
        subject: ['relay', samples],
        ...(concurrency === 64 && { atLeast: AIM_AT_64 }),
      });
    }
  }
}

/**
 * @param {Broker} broker
 * @param {number} concurrency
 * @param {number} count
 * @returns {import('../harness/compare.mjs').Variant}
 */
function bareSdk(broker, concurrency, count) {
  const producer = broker.sdk(sdk).getProducer('', TOPIC);
  /** @param {number} n */
  const publish = async (n) => {
    const properties = new sdk.MessageProperties();
    properties.messageKey(`key-${n}`);
    properties.putProperty('mq-id', `0198c5b2-0000-7000-8000-${String(n).padStart(12, '0')}`);
    const { code } = await producer.publishMessage(BODY, TAG, properties);
    if (code !== 201) throw new Error(`the broker answered ${code}`);
  };
  return {
    prepare: () => broker.mark(),
    run: async () => {
      await spreadOver(concurrency, count, publish);
      return { count };
    },
    check: () => broker.expectPublished(count),
  };
}

/**
 * @param {Application} app
 * @param {Broker} broker
 * @param {number} count
 * @returns {import('../harness/compare.mjs').Variant}
 */
function relay(app, broker, count) {
  return {
    prepare: async () => {
      await empty(app);
      await loadDue(app, count);
      await broker.mark();
    },
    run: () => app.drain(count),
    check: async () => {
      await expectSent(app, count);
      await broker.expectPublished(count);
    },
  };
}
