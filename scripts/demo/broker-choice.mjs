import { refuseOption } from '../support/read-options.mjs';

const HOST_AND_PORT = /^([\w.-]+|\[[\da-fA-F:]+\]):\d+$/;
const ROCKETMQ = /^rocketmq(?::(?:\/\/)?(.*))?$/;

/**
 * What `--broker` says.
 *
 * @returns {{ kind: 'emulator' | 'http' | 'rocketmq', endpoint?: string }} without an endpoint, it is to be started
 * @param {string | undefined} text
 */
export function readBrokerChoice(text) {
  if (text === undefined) return { kind: 'emulator' };
  const rocketmq = ROCKETMQ.exec(text);
  if (rocketmq) {
    const [, endpoint] = rocketmq;
    if (endpoint === undefined || HOST_AND_PORT.test(endpoint)) return { kind: 'rocketmq', endpoint };
  } else if (/^https?:\/\/\S+$/.test(text) || HOST_AND_PORT.test(text)) {
    return { kind: 'http', endpoint: text };
  }
  refuseOption(`--broker ${text}: expected rocketmq, rocketmq:host:port, or http://host:port`);
}
