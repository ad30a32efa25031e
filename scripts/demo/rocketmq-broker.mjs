import { fileURLToPath } from 'node:url';
import { hasArtifacts, missingPrograms, ROCKETMQ_VERSION } from '../../test/support/rocketmq/artifacts.mjs';
import { queryRoute, ROUTE_OK } from '../../test/support/rocketmq/query-route.mjs';
import { RocketmqAdmin } from '../../test/support/rocketmq/rocketmq-admin.mjs';
import { startRocketmq } from '../../test/support/rocketmq/start-rocketmq.mjs';
import { Gate } from './gate.mjs';
import { startGrpcRelay } from './grpc-relay.mjs';

/** @typedef {{ say: (line: string) => void, children: import('./children.mjs').Children }} With */
/** @typedef {Awaited<ReturnType<typeof startGrpcRelay>>} Relay */

const FETCH = fileURLToPath(new URL('./fetch-rocketmq.mjs', import.meta.url));
const FETCH_TIMEOUT_MS = 15 * 60_000;
const PROGRESS_MS = 5_000;
/** The groups that read `shop_orders`. */
const READERS = ['GID_shop_stock', 'GID_shop_notify'];

/**
 * A RocketMQ of the demo's own.
 *
 * @param {With} options
 */
export async function startRocketmqBroker({ say, children }) {
  const missing = missingPrograms();
  if (missing.length > 0) {
    throw new Error(
      `--broker rocketmq starts RocketMQ, and needs ${missing.join(' and ')}, which cannot be run here. Install a JDK ` +
        '(11 or newer) and Maven, or use one that runs: --broker rocketmq:host:port',
    );
  }
  if (!hasArtifacts()) await fetch({ say, children });
  const { topics, groups } = await readNames();
  say(`starting RocketMQ ${ROCKETMQ_VERSION}, about 10 s`);
  const rocketmq = await startRocketmq({ topics, groups: groups.map((name) => ({ name })), log: say });
  const admin = new RocketmqAdmin(rocketmq);
  const broker = await behindGate(rocketmq.endpoint, { stop: () => rocketmq.stop() });
  return {
    ...broker,
    // What the environment says of a broker is about another one.
    env: { ...broker.env, MQ_ACCESS_KEY_ID: '', MQ_ACCESS_KEY_SECRET: '', MQ_INSTANCE_ID: '', MQ_PROFILE: '' },
    title: `RocketMQ ${rocketmq.version} at ${rocketmq.endpoint}`,
    books: () => readBooks(admin, broker.relay),
  };
}

/**
 * A RocketMQ that runs already, and has the shop's topics and groups.
 *
 * @param {string} endpoint
 */
export async function connectRocketmqBroker(endpoint) {
  const broker = await behindGate(endpoint, { secure: process.env.MQ_TLS === 'true' });
  try {
    for (const topic of (await readNames()).topics) await mustExist(broker.env, endpoint, topic);
  } catch (error) {
    await broker.close();
    throw error;
  }
  return { ...broker, title: `yours at ${endpoint}` };
}

/**
 * @param {string} endpoint
 * @param {{ secure?: boolean, stop?: () => Promise<void> }} options
 */
async function behindGate(endpoint, { secure = false, stop = async () => undefined }) {
  const gate = new Gate();
  const relay = await startGrpcRelay(endpoint, { gate, secure });
  return {
    gate,
    relay,
    env: {
      MQ_TRANSPORT: 'rocketmq',
      MQ_ENDPOINT: relay.endpoint,
      // Between the shop and the relay, which are on one machine.
      MQ_TLS: '',
      MQ_SUFFIX: '',
    },
    async close() {
      await relay.close();
      await stop();
    },
  };
}

/** @param {With} options */
async function fetch({ say, children }) {
  const began = performance.now();
  say(`fetching RocketMQ ${ROCKETMQ_VERSION} from Maven Central, about 100 MB, this once`);
  const progress = setInterval(
    () => say(`still fetching after ${((performance.now() - began) / 1_000).toFixed(0)} s`),
    PROGRESS_MS,
  );
  try {
    await children.start('Maven', FETCH, { ready: /^fetched$/, endsWithUs: true, timeoutMs: FETCH_TIMEOUT_MS });
  } finally {
    clearInterval(progress);
  }
}

/**
 * As the shop itself names them. Loaded late, because it may have to be built first.
 *
 * @returns {Promise<{ topics: { name: string, type: 'DELAY' | 'NORMAL' }[], groups: string[] }>}
 */
async function readNames() {
  const { Deadlines, GROUPS, TOPICS } = await import('../../dist/apps/shop/messaging/topics.js');
  return {
    topics: Object.entries(TOPICS).map(([alias, { topic }]) => ({
      name: topic,
      type: alias === Deadlines ? 'DELAY' : 'NORMAL',
    })),
    groups: Object.values(GROUPS).map(({ groupId }) => groupId),
  };
}

/**
 * @param {Record<string, string>} env
 * @param {string} endpoint
 * @param {{ name: string, type: string }} options
 */
async function mustExist(env, endpoint, { name, type }) {
  const { MQ_ACCESS_KEY_ID: accessKey, MQ_ACCESS_KEY_SECRET: accessSecret } = process.env;
  const auth = accessKey && accessSecret ? { accessKey, accessSecret } : undefined;
  const { code, message, types } = await queryRoute(env.MQ_ENDPOINT, name, { auth }).catch((error) => {
    throw new Error(`--broker rocketmq:${endpoint}: nothing there speaks RocketMQ 5`, { cause: error });
  });
  if (code !== ROUTE_OK) throw new Error(`--broker rocketmq:${endpoint}: topic ${name}: ${message} (${code})`);
  if (!types.includes(type)) {
    throw new Error(`--broker rocketmq:${endpoint}: topic ${name} takes ${types.join(', ')}, and has to take ${type}`);
  }
}

/**
 * That of messages handed out some are not yet acknowledged, RocketMQ tells nobody; the relay has seen each answer.
 *
 * @param {RocketmqAdmin} admin
 * @param {Relay} relay
 */
async function readBooks(admin, relay) {
  const stored = await admin.messageCount('shop_orders');
  const dead = await Promise.all(READERS.map((group) => admin.deadLetterCount(group)));
  return {
    stored,
    // Each message has one tag, and each tag one group.
    left: stored - relay.acknowledged('shop_orders'),
    dead: dead.reduce((sum, each) => sum + each, 0),
  };
}
