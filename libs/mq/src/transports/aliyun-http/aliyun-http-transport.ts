import { inspect } from 'node:util';
import { requireOptions } from '../../core/config/require-options.js';
import { requireSendable } from '../../core/transport/require-sendable.js';
import type {
  MessageSource,
  MqTransport,
  OutboundMessage,
  PublishReceipt,
  SubscriptionSpec,
  Violation,
} from '../../core/transport/transport.js';
import {
  resolveAliyunHttpOptions,
  type AliyunHttpOptions,
  type ResolvedAliyunHttpOptions,
} from './aliyun-http-options.js';
import { AliyunHttpSource, type SharedWire } from './aliyun-http-source.js';
import { ALIYUN_HTTP_CAPABILITIES } from './capabilities.js';
import { CredentialSource } from './credentials.js';
import { loadPeers, type MqHttpSdk, type SdkClient } from './peers.js';
import { readReceipt } from './read-receipt.js';
import { validateMessage, validateSubscription } from './validate.js';
import { toCdata } from './wire-text.js';
import { Wire } from './wire.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** {@link aliyunHttp} */
export class AliyunHttpTransport implements MqTransport {
  readonly name = 'aliyun-http';
  readonly identity: string;
  readonly publishMs: number;
  readonly capabilities = ALIYUN_HTTP_CAPABILITIES;
  // Private to the language, not only to the compiler: they hold secrets, and no inspection or serialisation sees them.
  readonly #options: ResolvedAliyunHttpOptions;
  readonly #violations: readonly Violation[];
  #shared: Promise<SharedWire> | null = null;

  constructor(options: AliyunHttpOptions) {
    [this.#options, this.#violations] = resolveAliyunHttpOptions(options);
    // Without the scheme: switching to TLS changes no broker. The instance is in each row.
    this.publishMs = this.#options.requestTimeoutMs;
    this.identity = this.#options.identity;
  }

  problems(): Violation[] {
    return [...this.#violations];
  }

  warnings(): string[] {
    const { origin } = this.#options;
    if (!origin.startsWith('http:') || LOOPBACK.test(new URL(origin).hostname)) return [];
    return [
      `transport.endpoint: ${origin} is not encrypted, whoever is on the way can read and change messages; use https://`,
    ];
  }

  validateMessage(message: OutboundMessage): Violation[] {
    return validateMessage(message, this.#instanceOf(message), this.#options.clock.now());
  }

  validateSubscription(spec: SubscriptionSpec): Violation[] {
    return validateSubscription(spec, this.#instanceOf(spec));
  }

  async connect(): Promise<void> {
    await this.#connect();
  }

  async close(): Promise<void> {
    const shared = await this.#shared?.catch(() => null);
    await shared?.wire.close();
  }

  async publish(message: OutboundMessage, signal: AbortSignal): Promise<PublishReceipt> {
    const what = `publish to '${message.topic}'`;
    // A row may be older than the rules, and what breaks them would write markup or a query of its own.
    requireSendable(what, this.validateMessage(message));
    const { wire, sockets } = await this.#connect();
    const { requestTimeoutMs, clock } = this.#options;
    return wire.run(
      {
        what,
        sockets,
        deadlineMs: requestTimeoutMs,
        shape: (sdk, client) => this.#shapePublish(sdk, client, message),
        read: (answer) => readReceipt(answer, message.body, clock),
      },
      signal,
    );
  }

  subscribe(spec: SubscriptionSpec): MessageSource {
    return new AliyunHttpSource(() => this.#connect(), { ...spec, instanceId: this.#instanceOf(spec) }, this.#options);
  }

  toJSON(): Record<string, unknown> {
    const { origin, instanceId } = this.#options;
    return { name: this.name, endpoint: origin, instanceId, credentials: '***' };
  }

  [inspect.custom](): string {
    return `AliyunHttpTransport ${inspect(this.toJSON())}`;
  }

  #shapePublish(sdk: MqHttpSdk, client: SdkClient, message: OutboundMessage): Promise<unknown> {
    const properties = new sdk.MessageProperties();
    properties.messageKey(message.key);
    if (message.orderingKey !== null) properties.shardingKey(message.orderingKey);
    if (message.deliverAt !== null) properties.startDeliverTime(message.deliverAt);
    for (const [name, value] of Object.entries(message.properties)) properties.putProperty(name, value);
    const producer = new sdk.MQProducer(client, this.#instanceOf(message), message.topic);
    // Text, as validateMessage has made sure.
    return producer.publishMessage(toCdata(message.body as string), message.tag, properties);
  }

  #connect(): Promise<SharedWire> {
    this.#shared ??= this.#open().catch((error: unknown) => {
      this.#shared = null;
      throw error;
    });
    return this.#shared;
  }

  async #open(): Promise<SharedWire> {
    requireOptions('aliyunHttp()', this.#violations);
    const { credentials, clock, maxSockets } = this.#options;
    const provide = typeof credentials === 'function' ? credentials : () => Promise.resolve(credentials);
    const wire = new Wire(await loadPeers(), new CredentialSource(provide, clock), this.#options);
    return { wire, sockets: wire.openSockets(maxSockets) };
  }

  #instanceOf({ instanceId }: { readonly instanceId: string | null }): string | null {
    return instanceId ?? this.#options.instanceId;
  }
}
