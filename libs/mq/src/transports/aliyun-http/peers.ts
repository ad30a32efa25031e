import { optionalPeer } from '../../core/runtime/optional-peer.js';

const INSTALL = '@aliyunmq/mq-http-sdk@1.0.4 undici@7';

/** What a request looks like once the SDK has shaped and signed it. */
export interface SignedRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query exactly as signed. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | '';
}

/** The part of `@aliyunmq/mq-http-sdk` 1.0.4 that we use; the package ships no types. */
export interface MqHttpSdk {
  readonly MQClient: new (
    endpoint: string,
    accessKeyId: string,
    accessKeySecret: string,
    securityToken?: string,
  ) => SdkClient;
  readonly MQProducer: new (client: SdkClient, instanceId: string | null, topic: string) => SdkProducer;
  readonly MQConsumer: new (
    client: SdkClient,
    instanceId: string | null,
    topic: string,
    group: string,
    tagExpression: string | null,
  ) => SdkConsumer;
  readonly MessageProperties: new () => SdkMessageProperties;
}

export interface SdkClient {
  request(method: string, resource: string, type: string, body: Buffer | ''): Promise<unknown>;
  buildHeaders(method: string, body: Buffer | '', resource: string): Record<string, string>;
}

interface SdkProducer {
  publishMessage(body: string, tag: string | null, properties: SdkMessageProperties): Promise<unknown>;
}

interface SdkConsumer {
  consumeMessage(max: number, waitSeconds: number): Promise<unknown>;
  consumeMessageOrderly(max: number, waitSeconds: number): Promise<unknown>;
  ackMessage(handles: readonly string[]): Promise<unknown>;
}

interface SdkMessageProperties {
  messageKey(key: string): void;
  startDeliverTime(epochMs: number): void;
  shardingKey(key: string): void;
  putProperty(name: string, value: string): void;
}

export interface Peers {
  readonly sdk: MqHttpSdk;
  readonly undici: typeof import('undici');
}

/**
 * Loads the two packages that only users of this transport need. They are optional peers, so this happens on first use
 * and never on import.
 *
 * @throws {MqError} `MQ_PEER_MISSING`
 */
export async function loadPeers(): Promise<Peers> {
  const [sdk, undici] = await Promise.all([
    optionalPeer('@aliyunmq/mq-http-sdk', 'The transport aliyun-http', INSTALL, importSdk),
    optionalPeer('undici', 'The transport aliyun-http', INSTALL, () => import('undici')),
  ]);
  return { sdk: sdk.default ?? sdk, undici };
}

function importSdk(): Promise<MqHttpSdk & { default?: MqHttpSdk }> {
  // @ts-expect-error -- no types; MqHttpSdk says what we use
  return import('@aliyunmq/mq-http-sdk');
}
