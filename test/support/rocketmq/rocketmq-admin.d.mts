import type { RocketmqCredentials, RocketmqGroup, RocketmqTopic } from './start-rocketmq.mjs';

/** Where a RocketMQ is reached; what `startRocketmq` answers has them all. */
export interface RocketmqAddresses {
  /** The proxy, over gRPC: `host:port`. */
  readonly endpoint: string;
  /** The broker, in the remoting protocol: `host:port`. */
  readonly adminAddress: string;
  readonly nameServer: string;
  readonly auth?: RocketmqCredentials | undefined;
}

/** By resource, what may be done with it. */
export type RocketmqRights = Readonly<Record<string, readonly ('Pub' | 'Sub' | 'All')[]>>;

/** What the gRPC protocol leaves out: making topics and groups, and counting what is in them. */
export class RocketmqAdmin {
  constructor(addresses: RocketmqAddresses);

  /** Makes or changes a topic; done when a client gets a route to it. */
  createTopic(topic: RocketmqTopic): Promise<void>;
  /** The same, and done when the broker has it. */
  putTopic(topic: RocketmqTopic): Promise<void>;
  createGroup(group: RocketmqGroup): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  deleteGroup(name: string): Promise<void>;

  /** Makes a user who may do nothing. */
  createUser(user: RocketmqCredentials): Promise<void>;
  /** Adds to what a user may do: `{ 'Topic:orders': ['Pub', 'Sub'], 'Group:GID_stock': ['Sub'] }`. */
  grant(user: string, rights: RocketmqRights): Promise<void>;

  /** Whether the name server knows the topic. */
  isRegistered(topic: string): Promise<boolean>;
  /** The names of those that the name server sends to. */
  brokersOf(topic: string): Promise<string[]>;
  /** Makes the broker tell the name server what it has. */
  register(): Promise<void>;

  /** Per queue, the first offset and the one that the next message gets. None for a topic that does not exist. */
  topicOffsets(topic: string): Promise<{ queue: number; min: number; max: number }[]>;
  /** How many messages were put into a topic and not yet cleaned up; 0 for one that does not exist. */
  messageCount(topic: string): Promise<number>;
  /** {@link messageCount} of the group's dead-letter topic. */
  deadLetterCount(group: string): Promise<number>;

  /** How far a group is in each queue of a topic and of its retries. The broker brings it up to date after some seconds. */
  consumeOffsets(
    group: string,
    topic: string,
  ): Promise<{ topic: string; queue: number; broker: number; consumer: number }[]>;
  /** How many messages of a topic a group has not consumed, from {@link consumeOffsets}. */
  lag(group: string, topic: string): Promise<number>;
}
