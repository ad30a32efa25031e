import { startRocketmqCluster } from './start-cluster.mjs';

/**
 * A topic, and the one type of messages that it takes.
 *
 * @typedef {object} RocketmqTopic
 * @property {string} name
 * @property {'NORMAL' | 'FIFO' | 'DELAY' | 'TRANSACTION'} [type] default `NORMAL`
 * @property {number} [queues] default 4
 * @property {boolean} [readOnly] groups read it, and nobody sends to it; default `false`
 */

/**
 * @typedef {object} RocketmqGroup
 * @property {string} name
 * @property {boolean} [ordered] whether the broker keeps the order of each queue; default `false`
 * @property {number} [maxRetries] how often a message is delivered again before it goes to `%DLQ%<name>`; default 16
 */

/** @typedef {{ readonly accessKey: string, readonly accessSecret: string }} RocketmqCredentials */

/**
 * @typedef {object} StartRocketmqOptions
 * @property {readonly RocketmqTopic[]} [topics] there from the start
 * @property {readonly RocketmqGroup[]} [groups] there from the start. A group that does not exist is refused by 5.5.0, and is made,
 *   unordered, by 5.3.3
 * @property {string} [version] default: `MQ_TEST_ROCKETMQ_VERSION`, else the one that the tests are made for
 * @property {RocketmqCredentials} [auth] the one user who is let in; default: everybody is
 * @property {import('./configuration.mjs').Settings} [broker] entries of `broker.conf` that replace those for tests
 * @property {import('./configuration.mjs').Settings} [proxy] entries of `rmq-proxy.json` that replace those for tests
 * @property {(line: string) => void} [log] told how the start proceeds
 */

/**
 * Starts RocketMQ on free ports of this machine, and answers when a client gets a route to a topic. The first time it is
 * fetched from Maven Central.
 *
 * @example
 * const rocketmq = await startRocketmq({ topics: [{ name: 'orders', type: 'FIFO' }], groups: [{ name: 'billing' }] });
 *
 * @param {StartRocketmqOptions} [options]
 */
export async function startRocketmq(options) {
  return new RunningRocketmq(await startRocketmqCluster({ ...options, mode: 'local', brokers: ['broker'] }));
}

/** A name server, and a broker with its proxy in one process: a cluster of one. */
export class RunningRocketmq {
  /** @type {import('./start-cluster.mjs').RunningCluster} */
  #cluster;
  /** @type {import('./rocketmq-process.mjs').RocketmqProcess} */
  #broker;

  /** @param {import('./start-cluster.mjs').RunningCluster} cluster */
  constructor(cluster) {
    [this.#cluster, [this.#broker]] = [cluster, cluster.brokers];
    this.nameServer = cluster.nameServer;
    this.version = cluster.version;
    /** What it was started with. */
    this.auth = cluster.auth;
    /** The certificate of {@link endpoint}, for `localhost` and 127.0.0.1: TLS is accepted there as well. PEM. */
    this.certificate = cluster.certificate;
    this.folder = cluster.folder;
    // A broker with its proxy inside has both.
    /** Where clients connect over gRPC: `127.0.0.1:port`. */
    this.endpoint = /** @type {string} */ (this.#broker.endpoint);
    /** The broker itself, in the remoting protocol: `127.0.0.1:port`. */
    this.adminAddress = /** @type {string} */ (this.#broker.adminAddress);
  }

  /** Where the broker has its files. */
  get home() {
    return this.#broker.home;
  }

  get addresses() {
    const { endpoint, adminAddress, nameServer } = this;
    return { endpoint, adminAddress, nameServer };
  }

  /** Of what runs: the name server, then the broker with its proxy. */
  get pids() {
    return this.#cluster.processes.flatMap(({ pid }) => pid ?? []);
  }

  /** Starts what {@link kill} ended, on the same ports and with the same messages; done when a client gets a route. */
  start() {
    return this.#broker.start();
  }

  /** Ends broker and proxy as a power failure does. */
  kill() {
    return this.#broker.kill();
  }

  /** {@link kill}, then {@link start}. */
  restart() {
    return this.#broker.restart();
  }

  /** Stops broker and proxy where they are: connections stay and are accepted, and nothing is answered. */
  pause() {
    this.#broker.pause();
  }

  resume() {
    this.#broker.resume();
  }

  /** Ends it and removes its folder. Done as well when this process ends, however it does. */
  stop() {
    return this.#cluster.stop();
  }
}
