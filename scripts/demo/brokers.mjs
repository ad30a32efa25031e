import { startEmulatorBroker } from './emulator-broker.mjs';
import { connectRocketmqBroker, startRocketmqBroker } from './rocketmq-broker.mjs';

/**
 * @typedef {object} DemoBroker
 * @property {string} title what and where it is
 * @property {Record<string, string>} env what the shop has to be told
 * @property {import('./gate.mjs').Gate} [gate] missing where nobody can look at the requests
 * @property {() => Promise<{ stored: number, left: number, dead: number }>} [books] what the broker says of `shop_orders`:
 *   messages that it got, those that a group has not yet acknowledged, and those that it gave up on. Missing where it is
 *   not the demo's own, and others may use it
 * @property {() => Promise<void>} close
 */

/**
 * @param {ReturnType<import('./broker-choice.mjs').readBrokerChoice>} choice
 * @param {{ say: (line: string) => void, children: import('./children.mjs').Children }} with
 * @returns {Promise<DemoBroker>}
 */
export function openBroker({ kind, endpoint }, { say, children }) {
  if (kind === 'emulator') return startEmulatorBroker();
  if (kind === 'http' && endpoint !== undefined) return Promise.resolve(httpBroker(endpoint));
  return endpoint === undefined ? startRocketmqBroker({ say, children }) : connectRocketmqBroker(endpoint);
}

/** @param {string} endpoint */
function httpBroker(endpoint) {
  return {
    title: `yours at ${endpoint}`,
    env: {
      MQ_TRANSPORT: 'aliyun-http',
      MQ_ENDPOINT: endpoint,
      MQ_ACCESS_KEY_ID: process.env.MQ_ACCESS_KEY_ID || 'test',
      MQ_ACCESS_KEY_SECRET: process.env.MQ_ACCESS_KEY_SECRET || 'test',
      MQ_INSTANCE_ID: process.env.MQ_INSTANCE_ID || '',
    },
    close: async () => undefined,
  };
}
