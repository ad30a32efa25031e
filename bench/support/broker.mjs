import { fileURLToPath } from 'node:url';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { expectEqual } from '../harness/expect-equal.mjs';

/** @typedef {import('../../scripts/demo/children.mjs').Children} Children */
/** @typedef {Awaited<ReturnType<Children['start']>>['child']} Child */

const PROGRAM = fileURLToPath(new URL('../programs/broker.mjs', import.meta.url));
const KEY = 'test';

/** The emulator as another process, and what it has counted. */
export class Broker {
  /** @param {Children} children */
  static async start(children) {
    const { child, match } = await children.start('the broker', PROGRAM, { ready: /^http:\/\/\S+$/ });
    return new Broker(child, match[0]);
  }

  #published = 0;

  /**
   * @param {Child} child
   * @param {string} endpoint
   */
  constructor(child, endpoint) {
    this.child = child;
    this.endpoint = endpoint;
  }

  /** @param {Partial<import('nestjs-reliable-mq/aliyun-http').AliyunHttpOptions>} [options] */
  transport(options = {}) {
    return aliyunHttp({ endpoint: this.endpoint, accessKeyId: KEY, accessKeySecret: KEY, ...options });
  }

  /**
   * A client of the SDK as it comes.
   *
   * @template Client
   * @param {{ MQClient: new (endpoint: string, key: string, secret: string) => Client }} sdk
   */
  sdk(sdk) {
    return new sdk.MQClient(this.endpoint, KEY, KEY);
  }

  /** @returns {Promise<import('nestjs-reliable-mq-emulator').EmulatorState>} */
  async state() {
    const response = await fetch(`${this.endpoint}/_emulator/state`);
    return /** @type {import('nestjs-reliable-mq-emulator').EmulatorState} */ (await response.json());
  }

  /** What was published from here on is the next sample's. */
  async mark() {
    this.#published = await this.published();
  }

  /**
   * Throws unless it has taken exactly this many messages since {@link mark}.
   *
   * @param {number} count
   */
  async expectPublished(count) {
    expectEqual('messages at the broker', (await this.published()) - this.#published, count);
  }

  async published() {
    return (await this.state()).requests.publish?.['201'] ?? 0;
  }

  stop() {
    return this.child.stop();
  }
}
