import { queryRoute } from './query-route.mjs';
import { eventually, RocketmqAdmin } from './rocketmq-admin.mjs';

/** @typedef {import('./start-rocketmq.mjs').RocketmqTopic} RocketmqTopic */
/** @typedef {import('./start-rocketmq.mjs').RocketmqGroup} RocketmqGroup */
/** @typedef {import('./start-cluster.mjs').RunningCluster} RunningCluster */

const QUEUES = 4;

/** What the gRPC protocol leaves out, for all brokers of a cluster that run, or some of them. */
export class ClusterAdmin {
  #cluster;

  /** @param {Pick<RunningCluster, 'nameServer' | 'auth' | 'brokers' | 'proxies' | 'process'>} cluster */
  constructor(cluster) {
    this.#cluster = cluster;
  }

  /**
   * One broker by its name.
   *
   * @param {string} broker
   */
  at(broker) {
    const { nameServer, auth, proxies } = this.#cluster;
    const [{ endpoint }, { adminAddress }] = [proxies[0], this.#cluster.process(broker)];
    if (endpoint === null || adminAddress === null) throw new Error(`${broker} is no broker, or has no proxy`);
    return new RocketmqAdmin({ endpoint, adminAddress, nameServer, auth });
  }

  /**
   * Makes or changes a topic on some brokers, all unless given; done when every proxy names all of its queues.
   *
   * @param {RocketmqTopic} options
   * @param {readonly string[]} [on]
   */
  async createTopic({ queues = QUEUES, ...topic }, on = this.#all) {
    for (const broker of on) await this.at(broker).putTopic({ queues, ...topic });
    const { auth, proxies } = this.#cluster;
    await eventually(`a route to ${topic.name}`, async () => {
      // A proxy remembers that a topic does not exist, so it is asked when the name server has all of it.
      const known = await this.at(on[0]).brokersOf(topic.name);
      if (!on.every((broker) => known.includes(broker))) return false;
      for (const endpoint of proxies.filter(serves).flatMap((proxy) => proxy.endpoint ?? [])) {
        const { byBroker } = await queryRoute(endpoint, topic.name, { auth });
        if (!on.every((broker) => byBroker[broker] >= queues)) return false;
      }
      return true;
    });
  }

  /**
   * @param {RocketmqGroup} group
   * @param {readonly string[]} [on]
   */
  async createGroup(group, on = this.#all) {
    for (const broker of on) await this.at(broker).createGroup(group);
  }

  /**
   * Each broker has users and rights of its own.
   *
   * @param {import('./start-rocketmq.mjs').RocketmqCredentials} user
   */
  async createUser(user) {
    for (const broker of this.#all) await this.at(broker).createUser(user);
  }

  /**
   * @param {string} user
   * @param {import('./rocketmq-admin.mjs').RocketmqRights} rights
   */
  async grant(user, rights) {
    for (const broker of this.#all) await this.at(broker).grant(user, rights);
  }

  /**
   * Over all brokers that run.
   *
   * @param {string} topic
   */
  async messageCount(topic) {
    const counts = await Promise.all(this.#all.map((broker) => this.at(broker).messageCount(topic)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** @param {string} group */
  deadLetterCount(group) {
    return this.messageCount(`%DLQ%${group}`);
  }

  /**
   * @param {string} group
   * @param {string} topic
   */
  async lag(group, topic) {
    const lags = await Promise.all(this.#all.map((broker) => this.at(broker).lag(group, topic)));
    return lags.reduce((sum, lag) => sum + lag, 0);
  }

  /** Of those that can be asked. */
  get #all() {
    return this.#cluster.brokers.filter(serves).map(({ name }) => name);
  }
}

/** @param {{ isRunning: boolean, isPaused: boolean }} options */
function serves({ isRunning, isPaused }) {
  return isRunning && !isPaused;
}
