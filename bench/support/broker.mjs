import { fileURLToPath } from 'node:url';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { expectEqual } from '../harness/expect-equal.mjs';

const PROGRAM = fileURLToPath(new URL('../programs/broker.mjs', import.meta.url));
const KEY = 'test';

/** The emulator as another process, and what it has counted. */
export class Broker {
  static async start(children) {
    const { child, match } = await children.start('the broker', PROGRAM, { ready: /^http:\/\/\S+$/ });
    return new Broker(child, match[0]);
  }

  #published = 0;

  constructor(child, endpoint) {
    this.child = child;
    this.endpoint = endpoint;
  }

  transport(options = {}) {
    return aliyunHttp({ endpoint: this.endpoint, accessKeyId: KEY, accessKeySecret: KEY, ...options });
  }

  /** A client of the SDK as it comes. */
  sdk(sdk) {
    return new sdk.MQClient(this.endpoint, KEY, KEY);
  }

  async state() {
    return (await fetch(`${this.endpoint}/_emulator/state`)).json();
  }

  /** What was published from here on is the next sample's. */
  async mark() {
    this.#published = await this.published();
  }

  /** Throws unless it has taken exactly this many messages since {@link mark}. */
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
