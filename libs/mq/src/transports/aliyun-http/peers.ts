import { optionalPeer, type OptionalPeer } from '../peers/optional-peer.js';

/**
 * Versions that work: the conformance suite was run with them. `peerDependencies` name no version, because npm would then refuse to install this library beside another version, also for who never uses this transport.
 */
export const ALIYUN_HTTP_PEERS = {
  // 1.0.3 writes bodies into the XML as they are, so `<` and line ends arrive as something else.
  sdk: {
    name: '@aliyunmq/mq-http-sdk',
    range: '1.0.4',
    neededBy: 'The transport aliyun-http',
    install: '@aliyunmq/mq-http-sdk@1.0.4',
  },
} satisfies Record<string, OptionalPeer>;

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
  buildHeaders(method: string, body: Buffer | '', resource: string): Record<string, string | number>;
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

/**
 * Loads the package that only users of this transport need. It is an optional peer, so this happens on first use and
 * never on import.
 *
 * @throws {MqError} `MQ_PEER_MISSING`
 */
export function loadSdk(): Promise<MqHttpSdk> {
  return optionalPeer(ALIYUN_HTTP_PEERS.sdk, importSdk, ({ MQClient }) => typeof MQClient === 'function');
}

async function importSdk(): Promise<MqHttpSdk> {
  // @ts-expect-error -- no types; MqHttpSdk says what we use
  const sdk = (await import('@aliyunmq/mq-http-sdk')) as MqHttpSdk & { default?: MqHttpSdk };
  return sdk.default ?? sdk;
}
