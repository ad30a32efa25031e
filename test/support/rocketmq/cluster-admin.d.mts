import type { RocketmqAdmin, RocketmqRights } from './rocketmq-admin.mjs';
import type { RocketmqCredentials, RocketmqGroup, RocketmqTopic } from './start-rocketmq.mjs';

/** What the gRPC protocol leaves out, for all brokers of a cluster that run, or some of them. */
export class ClusterAdmin {
  /** One broker by its name. */
  at(broker: string): RocketmqAdmin;
  /** Makes or changes a topic on some brokers, all unless given; done when every proxy names all of its queues. */
  createTopic(topic: RocketmqTopic, on?: readonly string[]): Promise<void>;
  createGroup(group: RocketmqGroup, on?: readonly string[]): Promise<void>;
  /** Each broker has users and rights of its own. */
  createUser(user: RocketmqCredentials): Promise<void>;
  grant(user: string, rights: RocketmqRights): Promise<void>;
  /** Over all brokers that run. */
  messageCount(topic: string): Promise<number>;
  deadLetterCount(group: string): Promise<number>;
  lag(group: string, topic: string): Promise<number>;
}
