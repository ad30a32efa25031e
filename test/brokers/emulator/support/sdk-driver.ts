/** What the suite of the official SDKs asks of one: the calls that all of them have, in one shape. */
export interface SdkDriver {
  publish(message: PublishCall): Promise<{ messageId: string; md5: string; receiptHandle?: string }>;
  /** An empty list when there is nothing. */
  consume(call: ConsumeCall): Promise<ReceivedMessage[]>;
  /** Returns the handles that did not count, with the code of each. */
  ack(call: { topic: string; group: string; handles: string[] }): Promise<Record<string, string>>;
  /** The same, for the one handle. */
  decide(decision: 'commit' | 'rollback', call: { topic: string; handle: string }): Promise<Record<string, string>>;
}

export interface PublishCall {
  topic: string;
  body: string;
  tag?: string;
  key?: string;
  shardingKey?: string;
  deliverAt?: number;
  checkAfterSeconds?: number;
  properties?: Record<string, string>;
}

export interface ConsumeCall {
  topic: string;
  group: string;
  tags?: string;
  kind?: 'consume' | 'consumeOrderly' | 'consumeHalf';
  max: number;
  waitSeconds?: number;
}

export interface ReceivedMessage {
  messageId: string;
  md5: string;
  body: string;
  receiptHandle: string;
  tag?: string;
  key?: string;
  shardingKey?: string;
  /** The user's own; some SDKs leave the reserved ones in. */
  properties: Record<string, string>;
  consumedTimes: number;
  publishTime: number;
  nextConsumeTime: number;
}

/** An SDK with an endpoint and a secret; the key id is `test`, the instance `MQ_INST_1`. */
export type ConnectSdk = (endpoint: string, secret: string) => SdkDriver;

export const INSTANCE = 'MQ_INST_1';

/** What a driver's call fails with. */
export class SdkFailure extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}
