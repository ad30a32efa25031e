import { optionalPeer, type OptionalPeer } from '../peers/optional-peer.js';

const NEEDED = {
  neededBy: 'The transport aliyun-http',
  install: '@aliyunmq/mq-http-sdk@1.0.4 undici@7',
};

/**
 * Versions that work: the conformance suite was run with both ends of each. `peerDependencies` name no
 * version, because npm would then refuse to install this library beside another version, also for who never uses this transport.
 */
export const ALIYUN_HTTP_PEERS = {
  // 1.0.3 writes bodies into the XML as they are, so `<` and line ends arrive as something else.
  sdk: { ...NEEDED, name: '@aliyunmq/mq-http-sdk', range: '1.0.4' },
  // 6 knows other handlers of requests, and refuses ours with UND_ERR_INVALID_ARG. 8 needs Node 22.
  undici: { ...NEEDED, name: 'undici', range: '^7.0.0 || ^8.0.0' },
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
    optionalPeer(ALIYUN_HTTP_PEERS.sdk, importSdk, ({ MQClient }) => typeof MQClient === 'function'),
    optionalPeer(ALIYUN_HTTP_PEERS.undici, () => import('undici'), takesOurHandlers),
  ]);
  return { sdk, undici };
}

async function importSdk(): Promise<MqHttpSdk> {
  // @ts-expect-error -- no types; MqHttpSdk says what we use
  const sdk = (await import('@aliyunmq/mq-http-sdk')) as MqHttpSdk & { default?: MqHttpSdk };
  return sdk.default ?? sdk;
}

/** Tries it out on a connection that fails before anything is sent: what does not know our handlers throws at once. */
function takesOurHandlers({ Client }: Peers['undici']): boolean {
  let client: InstanceType<typeof Client> | undefined;
  try {
    client = new Client('http://127.0.0.1', { connect: (_, done) => done(new Error('never connected'), null) });
    client.dispatch({ method: 'GET', path: '/' }, { onRequestStart: ignore, onResponseError: ignore });
    return true;
  } catch {
    return false;
  } finally {
    client?.destroy().catch(ignore);
  }
}

function ignore(): void {}
