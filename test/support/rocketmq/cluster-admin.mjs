import { queryRoute } from './query-route.mjs';
import { eventually, RocketmqAdmin } from './rocketmq-admin.mjs';

const QUEUES = 4;

/** @implements {import('./cluster-admin.mjs').ClusterAdmin} */
export class ClusterAdmin {
  #cluster;

  constructor(cluster) {
    this.#cluster = cluster;
  }

  at(broker) {
    const { nameServer, auth, proxies } = this.#cluster;
    const { adminAddress } = this.#cluster.process(broker);
    return new RocketmqAdmin({ endpoint: proxies[0].endpoint, adminAddress, nameServer, auth });
  }

  async createTopic({ queues = QUEUES, ...topic }, on = this.#all) {
    for (const broker of on) await this.at(broker).putTopic({ queues, ...topic });
    const { auth, proxies } = this.#cluster;
    await eventually(`a route to ${topic.name}`, async () => {
      // A proxy remembers that a topic does not exist, so it is asked when the name server has all of it.
      const known = await this.at(on[0]).brokersOf(topic.name);
      if (!on.every((broker) => known.includes(broker))) return false;
      for (const { endpoint } of proxies.filter(serves)) {
        const { byBroker } = await queryRoute(endpoint, topic.name, { auth });
        if (!on.every((broker) => byBroker[broker] >= queues)) return false;
      }
      return true;
    });
  }

  async createGroup(group, on = this.#all) {
    for (const broker of on) await this.at(broker).createGroup(group);
  }

  async createUser(user) {
    for (const broker of this.#all) await this.at(broker).createUser(user);
  }

  async grant(user, rights) {
    for (const broker of this.#all) await this.at(broker).grant(user, rights);
  }

  async messageCount(topic) {
    const counts = await Promise.all(this.#all.map((broker) => this.at(broker).messageCount(topic)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  deadLetterCount(group) {
    return this.messageCount(`%DLQ%${group}`);
  }

  async lag(group, topic) {
    const lags = await Promise.all(this.#all.map((broker) => this.at(broker).lag(group, topic)));
    return lags.reduce((sum, lag) => sum + lag, 0);
  }

  /** Of those that can be asked. */
  get #all() {
    return this.#cluster.brokers.filter(serves).map(({ name }) => name);
  }
}

function serves({ isRunning, isPaused }) {
  return isRunning && !isPaused;
}
