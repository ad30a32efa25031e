import { groupConfig, topicConfig } from './configuration.mjs';
import { queryRoute, ROUTE_OK } from './query-route.mjs';
import { remoting } from './remoting.mjs';

/** @typedef {import('./start-rocketmq.mjs').RocketmqTopic} RocketmqTopic */
/** @typedef {import('./start-rocketmq.mjs').RocketmqGroup} RocketmqGroup */
/** @typedef {import('./start-rocketmq.mjs').RocketmqCredentials} RocketmqCredentials */
/**
 * Where a RocketMQ is reached; what `startRocketmq` answers has them all.
 *
 * @typedef {object} RocketmqAddresses
 * @property {string} endpoint The proxy, over gRPC: `host:port`.
 * @property {string} adminAddress The broker, in the remoting protocol: `host:port`.
 * @property {string} nameServer
 * @property {RocketmqCredentials | undefined} [auth]
 */
/** @typedef {Readonly<Record<string, readonly ('Pub' | 'Sub' | 'All')[]>>} RocketmqRights by resource, what may be done with it */

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

/** What the gRPC protocol leaves out: making topics and groups, and counting what is in them. */
export class RocketmqAdmin {
  #at;

  /** @param {Omit<RocketmqAddresses, 'endpoint'> & { endpoint?: string }} addresses without an endpoint it cannot wait for routes */
  constructor(addresses) {
    this.#at = addresses;
  }

  /**
   * Makes or changes a topic; done when a client gets a route to it.
   *
   * @param {RocketmqTopic} topic
   */
  async createTopic(topic) {
    await this.putTopic(topic);
    await eventually(`a route to ${topic.name}`, async () => {
      // The proxy remembers that a topic does not exist, so it is asked when the name server has it.
      if (!(await this.isRegistered(topic.name))) return false;
      const { endpoint = '', auth } = this.#at;
      const { code } = await queryRoute(endpoint, topic.name, { auth });
      return code === ROUTE_OK;
    });
  }

  /**
   * The same, and done when the broker has it.
   *
   * @param {RocketmqTopic} topic
   */
  async putTopic(topic) {
    const { topicName, attributes, ...config } = topicConfig(topic);
    await this.#broker(CODE.updateAndCreateTopic, {
      topic: topicName,
      defaultTopic: 'TBW102',
      ...config,
      attributes: `+message.type=${attributes['message.type']}`,
    });
  }

  /** @param {RocketmqGroup} group */
  async createGroup(group) {
    await this.#broker(CODE.updateAndCreateGroup, {}, groupConfig(group));
  }

  /**
   * Makes a user who may do nothing.
   *
   * @param {RocketmqCredentials} options
   */
  async createUser({ accessKey, accessSecret }) {
    const user = { username: accessKey, password: accessSecret, userType: 'Normal' };
    await this.#broker(CODE.createUser, { username: accessKey }, user);
  }

  /**
   * Adds to what a user may do: `{ 'Topic:orders': ['Pub', 'Sub'], 'Group:GID_stock': ['Sub'] }`.
   *
   * @param {string} user
   * @param {RocketmqRights} rights
   */
  async grant(user, rights) {
    const entries = Object.entries(rights).map(([resource, actions]) => ({ resource, actions, decision: 'Allow' }));
    const subject = `User:${user}`;
    const body = { subject, policies: [{ policyType: 'Custom', entries }] };
    // One that is there is added to.
    await this.#broker(CODE.createAcl, { subject }, body);
  }

  /** @param {string} name */
  async deleteTopic(name) {
    await this.#broker(CODE.deleteTopicInBroker, { topic: name });
    await remoting(this.#at.nameServer, { code: CODE.deleteTopicInNameServer, fields: { topic: name } });
  }

  /** @param {string} name */
  async deleteGroup(name) {
    await this.#broker(CODE.deleteGroup, { groupName: name, cleanOffset: true });
  }

  /**
   * Whether the name server knows the topic.
   *
   * @param {string} topic
   */
  async isRegistered(topic) {
    return (await this.brokersOf(topic)).length > 0;
  }

  /**
   * The names of those that the name server sends to.
   *
   * @param {string} topic
   * @returns {Promise<string[]>}
   */
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

  /** Makes the broker tell the name server what it has. */
  async register() {
    // What a change of the permission does, to whatever it changes.
    await remoting(this.#at.adminAddress, {
      code: CODE.updateBrokerConfig,
      text: 'brokerPermission=6\n',
      auth: this.#at.auth,
    });
  }

  /**
   * Per queue, the first offset and the one that the next message gets. None for a topic that does not exist.
   *
   * @param {string} topic
   * @returns {Promise<{ queue: number, min: number, max: number }[]>}
   */
  async topicOffsets(topic) {
    try {
      const { body } = await this.#broker(CODE.getTopicStats, { topic });
      return offsets(body).map(({ queue, minOffset, maxOffset }) => ({ queue, min: minOffset, max: maxOffset }));
    } catch (error) {
      if (error.code === TOPIC_NOT_EXIST) return [];
      throw error;
    }
  }

  /**
   * How many messages were put into a topic and not yet cleaned up; 0 for one that does not exist.
   *
   * @param {string} topic
   */
  async messageCount(topic) {
    return (await this.topicOffsets(topic)).reduce((sum, { min, max }) => sum + max - min, 0);
  }

  /**
   * {@link messageCount} of the group's dead-letter topic.
   *
   * @param {string} group
   */
  deadLetterCount(group) {
    return this.messageCount(`%DLQ%${group}`);
  }

  /**
   * How far a group is in each queue of a topic and of its retries. The broker brings it up to date after some seconds.
   *
   * @param {string} group
   * @param {string} topic
   * @returns {Promise<{ topic: string, queue: number, broker: number, consumer: number }[]>}
   */
  async consumeOffsets(group, topic) {
    const { body } = await this.#broker(CODE.getConsumeStats, { consumerGroup: group, topic });
    return offsets(body).map(({ topic: of, queue, brokerOffset, consumerOffset }) => ({
      topic: of,
      queue,
      broker: brokerOffset,
      consumer: consumerOffset,
    }));
  }

  /**
   * How many messages of a topic a group has not consumed, from {@link consumeOffsets}.
   *
   * @param {string} group
   * @param {string} topic
   */
  async lag(group, topic) {
    return (await this.consumeOffsets(group, topic)).reduce((sum, { broker, consumer }) => sum + broker - consumer, 0);
  }

  /**
   * @param {number} code
   * @param {Record<string, string | number | boolean>} fields
   * @param {unknown} [body]
   */
  #broker(code, fields, body) {
    return remoting(this.#at.adminAddress, { code, fields, body, auth: this.#at.auth });
  }
}

/**
 * @param {string} what
 * @param {() => Promise<boolean>} condition
 */
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
 *
 * @param {string} body
 */
function offsets(body) {
  return [...body.matchAll(/(\{[^{}]*"queueId"[^{}]*\})\s*:\s*(\{[^{}]*\})/g)].map(([, key, value]) => {
    const { topic, queueId } = JSON.parse(key);
    return { topic, queue: queueId, ...JSON.parse(value) };
  });
}
