import { groupConfig, topicConfig } from './configuration.mjs';
import { queryRoute, ROUTE_OK } from './query-route.mjs';
import { remoting } from './remoting.mjs';

/** `RequestCode` in apache/rocketmq. */
const CODE = {
  updateAndCreateTopic: 17,
  updateBrokerConfig: 25,
  getRouteByTopic: 105,
  updateAndCreateGroup: 200,
  getTopicStats: 202,
  deleteGroup: 207,
  getConsumeStats: 208,
  deleteTopicInBroker: 215,
  deleteTopicInNameServer: 216,
  createUser: 3001,
  createAcl: 3006,
};
const TOPIC_NOT_EXIST = 17;
const ROUTE_TIMEOUT_MS = 20_000;

/** @implements {import('./rocketmq-admin.mjs').RocketmqAdmin} */
export class RocketmqAdmin {
  #at;

  /** @param {import('./rocketmq-admin.mjs').RocketmqAddresses} addresses */
  constructor(addresses) {
    this.#at = addresses;
  }

  async createTopic(topic) {
    await this.putTopic(topic);
    await eventually(`a route to ${topic.name}`, async () => {
      // The proxy remembers that a topic does not exist, so it is asked when the name server has it.
      if (!(await this.isRegistered(topic.name))) return false;
      const { code } = await queryRoute(this.#at.endpoint, topic.name, { auth: this.#at.auth });
      return code === ROUTE_OK;
    });
  }

  async putTopic(topic) {
    const { topicName, attributes, ...config } = topicConfig(topic);
    await this.#broker(CODE.updateAndCreateTopic, {
      topic: topicName,
      defaultTopic: 'TBW102',
      ...config,
      attributes: `+message.type=${attributes['message.type']}`,
    });
  }

  async createGroup(group) {
    await this.#broker(CODE.updateAndCreateGroup, {}, groupConfig(group));
  }

  async createUser({ accessKey, accessSecret }) {
    const user = { username: accessKey, password: accessSecret, userType: 'Normal' };
    await this.#broker(CODE.createUser, { username: accessKey }, user);
  }

  async grant(user, rights) {
    const entries = Object.entries(rights).map(([resource, actions]) => ({ resource, actions, decision: 'Allow' }));
    const subject = `User:${user}`;
    const body = { subject, policies: [{ policyType: 'Custom', entries }] };
    // One that is there is added to.
    await this.#broker(CODE.createAcl, { subject }, body);
  }

  async deleteTopic(name) {
    await this.#broker(CODE.deleteTopicInBroker, { topic: name });
    await remoting(this.#at.nameServer, { code: CODE.deleteTopicInNameServer, fields: { topic: name } });
  }

  async deleteGroup(name) {
    await this.#broker(CODE.deleteGroup, { groupName: name, cleanOffset: true });
  }

  async isRegistered(topic) {
    return (await this.brokersOf(topic)).length > 0;
  }

  async brokersOf(topic) {
    try {
      const { body } = await remoting(this.#at.nameServer, { code: CODE.getRouteByTopic, fields: { topic } });
      // No JSON: the ids of brokers are keys without quotes. Each has its name here once more, with its queues.
      return [...new Set([...body.matchAll(/"brokerName":"([^"]+)"/g)].map(([, name]) => name))];
    } catch (error) {
      if (error.code === TOPIC_NOT_EXIST) return [];
      throw error;
    }
  }

  async register() {
    // What a change of the permission does, to whatever it changes.
    await remoting(this.#at.adminAddress, {
      code: CODE.updateBrokerConfig,
      text: 'brokerPermission=6\n',
      auth: this.#at.auth,
    });
  }

  async topicOffsets(topic) {
    try {
      const { body } = await this.#broker(CODE.getTopicStats, { topic });
      return offsets(body).map(({ queue, minOffset, maxOffset }) => ({ queue, min: minOffset, max: maxOffset }));
    } catch (error) {
      if (error.code === TOPIC_NOT_EXIST) return [];
      throw error;
    }
  }

  async messageCount(topic) {
    return (await this.topicOffsets(topic)).reduce((sum, { min, max }) => sum + max - min, 0);
  }

  deadLetterCount(group) {
    return this.messageCount(`%DLQ%${group}`);
  }

  async consumeOffsets(group, topic) {
    const { body } = await this.#broker(CODE.getConsumeStats, { consumerGroup: group, topic });
    return offsets(body).map(({ topic: of, queue, brokerOffset, consumerOffset }) => ({
      topic: of,
      queue,
      broker: brokerOffset,
      consumer: consumerOffset,
    }));
  }

  async lag(group, topic) {
    return (await this.consumeOffsets(group, topic)).reduce((sum, { broker, consumer }) => sum + broker - consumer, 0);
  }

  #broker(code, fields, body) {
    return remoting(this.#at.adminAddress, { code, fields, body, auth: this.#at.auth });
  }
}

export async function eventually(what, condition) {
  const deadline = performance.now() + ROUTE_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`RocketMQ: no ${what} within ${ROUTE_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * The entries of an offset table. Its keys are objects, which Java's writer puts before the colon as they are, and which is
 * no JSON; neither key nor value has objects in it.
 */
function offsets(body) {
  return [...body.matchAll(/(\{[^{}]*"queueId"[^{}]*\})\s*:\s*(\{[^{}]*\})/g)].map(([, key, value]) => {
    const { topic, queueId } = JSON.parse(key);
    return { topic, queue: queueId, ...JSON.parse(value) };
  });
}
