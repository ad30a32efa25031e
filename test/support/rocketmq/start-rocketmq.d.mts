/** A topic, and the one type of messages that it takes. */
export interface RocketmqTopic {
  readonly name: string;
  /** Default `NORMAL`. */
  readonly type?: 'NORMAL' | 'FIFO' | 'DELAY' | 'TRANSACTION';
  /** Default 4. */
  readonly queues?: number;
  /** Groups read it, and nobody sends to it. Default `false`. */
  readonly readOnly?: boolean;
}

export interface RocketmqGroup {
  readonly name: string;
  /** Whether the broker keeps the order of each queue. Default `false`. */
  readonly ordered?: boolean;
  /** How often a message is delivered again before it goes to `%DLQ%<name>`. Default 16. */
  readonly maxRetries?: number;
}

export interface RocketmqCredentials {
  readonly accessKey: string;
  readonly accessSecret: string;
}

export interface StartRocketmqOptions {
  /** There from the start. */
  readonly topics?: readonly RocketmqTopic[];
  /** There from the start. A group that does not exist is refused by 5.5.0, and is made, unordered, by 5.3.3. */
  readonly groups?: readonly RocketmqGroup[];
  /** Default: `MQ_TEST_ROCKETMQ_VERSION`, else the one that the tests are made for. */
  readonly version?: string;
  /** The one user who is let in. Default: everybody is. */
  readonly auth?: RocketmqCredentials;
  /** Entries of `broker.conf` that replace those for tests. */
  readonly broker?: Readonly<Record<string, string | number | boolean>>;
  /** Entries of `rmq-proxy.json` that replace those for tests. */
  readonly proxy?: Readonly<Record<string, string | number | boolean>>;
  /** Told how the start proceeds. */
  readonly log?: (line: string) => void;
}

/** A name server, and a broker with its proxy in one process, in a folder of their own. */
export interface RunningRocketmq {
  /** Where clients connect over gRPC: `127.0.0.1:port`. */
  readonly endpoint: string;
  readonly nameServer: string;
  /** The broker itself, in the remoting protocol: `127.0.0.1:port`. */
  readonly adminAddress: string;
  readonly version: string;
  /** What it was started with. */
  readonly auth: RocketmqCredentials | undefined;
  /** The certificate of {@link endpoint}, for `localhost` and 127.0.0.1: TLS is accepted there as well. PEM. */
  readonly certificate: string;
  readonly folder: string;
  /** The part of {@link folder} in which the broker has its files. */
  readonly home: string;
  readonly addresses: RocketmqAddresses;
  /** Of what runs: the name server, then the broker with its proxy. */
  readonly pids: readonly number[];
  /** Ends it and removes its folder. Done as well when this process ends, however it does. */
  stop(): Promise<void>;
  /** Ends broker and proxy as a power failure does. */
  kill(): Promise<void>;
  /** Starts what {@link kill} ended, on the same ports and with the same messages; done when a client gets a route. */
  start(): Promise<void>;
  /** {@link kill}, then {@link start}. */
  restart(): Promise<void>;
  /** Stops broker and proxy where they are: connections stay and are accepted, and nothing is answered. */
  pause(): void;
  resume(): void;
}

/**
 * Starts RocketMQ on free ports of this machine, and answers when a client gets a route to a topic. The first time it is
 * fetched from Maven Central.
 *
 * @example
 * const rocketmq = await startRocketmq({ topics: [{ name: 'orders', type: 'FIFO' }], groups: [{ name: 'billing' }] });
 */
export function startRocketmq(options?: StartRocketmqOptions): Promise<RunningRocketmq>;
