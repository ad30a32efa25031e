import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A message as the Node SDK hands it to its users; numbers are text there. */
export interface SdkMessage {
  MessageId: string;
  MessageBodyMD5: string;
  MessageBody: string;
  ReceiptHandle: string;
  PublishTime: string;
  FirstConsumeTime: string;
  NextConsumeTime: string;
  ConsumedTimes: string;
  MessageTag?: string;
  MessageKey?: string;
  ShardingKey?: string;
  StartDeliverTime?: number;
  Properties: Record<string, string>;
}

export interface SdkAnswer<T> {
  code: number;
  requestId: string;
  body: T;
}

export interface SdkProducer {
  publishMessage(
    body: string,
    tag?: string,
    properties?: SdkProperties,
  ): Promise<SdkAnswer<{ MessageId: string; MessageBodyMD5: string; ReceiptHandle?: string }>>;
}

export interface FailedHandle {
  ErrorCode: string;
  ReceiptHandle: string;
}

export interface SdkConsumer {
  consumeMessage(max: number, waitSeconds?: number): Promise<SdkAnswer<SdkMessage[]>>;
  consumeMessageOrderly(max: number, waitSeconds?: number): Promise<SdkAnswer<SdkMessage[]>>;
  ackMessage(handles: string[]): Promise<SdkAnswer<FailedHandle[] | undefined>>;
}

export interface SdkTransactionProducer extends SdkProducer {
  consumeHalfMessage(max: number, waitSeconds?: number): Promise<SdkAnswer<SdkMessage[]>>;
  commit(handle: string): Promise<SdkAnswer<unknown>>;
  rollback(handle: string): Promise<SdkAnswer<unknown>>;
}

interface SdkProperties {
  messageKey(key: string): void;
  shardingKey(key: string): void;
  startDeliverTime(ms: number): void;
  transCheckImmunityTime(seconds: number): void;
  putProperty(key: string, value: string): void;
}

export interface SdkClient {
  getProducer(instance: string, topic: string): SdkProducer;
  getConsumer(instance: string, topic: string, group: string, tags?: string): SdkConsumer;
  getTransProducer(instance: string, topic: string, group: string): SdkTransactionProducer;
}

interface Sdk {
  MQClient: new (endpoint: string, accessKeyId: string, accessKeySecret: string) => SdkClient;
  MessageProperties: new () => SdkProperties;
}

/** The official SDK, unmodified. */
export const { MQClient, MessageProperties }: Sdk = createRequire(join(process.cwd(), 'package.json'))(
  '@aliyunmq/mq-http-sdk',
);

export interface PropertyValues {
  messageKey?: string;
  shardingKey?: string;
  startDeliverTime?: number;
  transCheckImmunityTime?: number;
  /** The user's own. */
  user?: Record<string, string>;
}

/** The SDK's properties object, filled. */
export function propertiesOf(values: PropertyValues): SdkProperties {
  const properties = new MessageProperties();
  if (values.messageKey !== undefined) properties.messageKey(values.messageKey);
  if (values.shardingKey !== undefined) properties.shardingKey(values.shardingKey);
  if (values.startDeliverTime !== undefined) properties.startDeliverTime(values.startDeliverTime);
  if (values.transCheckImmunityTime !== undefined) properties.transCheckImmunityTime(values.transCheckImmunityTime);
  for (const [key, value] of Object.entries(values.user ?? {})) properties.putProperty(key, value);
  return properties;
}

/** What an SDK call failed with: the service's code, or the name of a client-side failure. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { Code, code, name } = error as { Code?: string; code?: string; name: string };
    return Code ?? code ?? name;
  }
  return 'no error';
}
