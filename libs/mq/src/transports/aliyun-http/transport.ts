import { inspect } from 'node:util';
import { requireOptions } from '../../core/config/require-options.js';
import type { Inspection } from '../../core/transport/inspection.js';
import { requireSendable } from '../../core/transport/require-sendable.js';
import type {
  InspectionRequest,
  MessageSource,
  MqTransport,
  OutboundMessage,
  SendReceipt,
  SubscriptionSpec,
  Violation,
} from '../../core/transport/transport.js';
import { inspectOverHttp } from './inspect.js';
import { resolveAliyunHttpOptions, type AliyunHttpOptions, type ResolvedAliyunHttpOptions } from './options.js';
import { AliyunHttpSource, type SharedWire } from './source.js';
import { CAPABILITIES } from './profile.js';
import { CredentialSource } from './wire/credentials.js';
import { loadSdk } from './peers.js';
import { readReceipt } from './message/read-receipt.js';
import { validateMessage, validateSubscription } from './validate.js';
import { chooseRequests } from './wire/choose-requests.js';
import { Wire } from './wire/wire.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** {@link aliyunHttp} */
export class AliyunHttpTransport implements MqTransport {
  readonly name = 'aliyun-http';
  readonly identity: string;
  readonly namespace: string;
  readonly sendMs: number;
  readonly capabilities = CAPABILITIES;
  // Private to the language, not only to the compiler: they hold secrets, and no inspection or serialisation sees them.
  readonly #options: ResolvedAliyunHttpOptions;
  readonly #violations: readonly Violation[];
  #shared: Promise<SharedWire> | null = null;

  constructor(options: AliyunHttpOptions) {
    [this.#options, this.#violations] = resolveAliyunHttpOptions(options);
    // Without the scheme: switching to TLS changes no broker. The instance is in each row.
    this.sendMs = this.#options.requestTimeoutMs;
    this.identity = this.#options.identity;
    this.namespace = this.#options.instanceId ?? '';
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

  async send(message: OutboundMessage, signal: AbortSignal): Promise<SendReceipt> {
    const what = `send to '${message.topic}'`;
    // A row may be older than the rules, and what breaks them would write markup or a query of its own.
    requireSendable(what, this.validateMessage(message));
    const { wire, sockets } = await this.#connect();
    const { requestTimeoutMs, clock } = this.#options;
    return wire.run(
      {
        what,
        sockets,
        deadlineMs: requestTimeoutMs,
        call: { kind: 'publish', message, instanceId: this.#instanceOf(message) },
        read: (answer) => readReceipt(answer, message.body, clock),
      },
      signal,
    );
  }

  subscribe(spec: SubscriptionSpec): MessageSource {
    return new AliyunHttpSource(() => this.#connect(), { ...spec, instanceId: this.#instanceOf(spec) }, this.#options);
  }

  async inspect({ topics, subscriptions }: InspectionRequest, signal: AbortSignal): Promise<Inspection> {
    const { wire, sockets } = await this.#connect();
    const resolved = { topics: topics.map(this.#placed), subscriptions: subscriptions.map(this.#placed) };
    return inspectOverHttp({ wire, sockets }, resolved, this.#options, signal);
  }

  toJSON(): Record<string, unknown> {
    const { origin, instanceId } = this.#options;
    return { name: this.name, endpoint: origin, instanceId, credentials: '***' };
  }

  [inspect.custom](): string {
    return `AliyunHttpTransport ${inspect(this.toJSON())}`;
  }

  #connect(): Promise<SharedWire> {
    this.#shared ??= this.#start().catch((error: unknown) => {
      this.#shared = null;
      throw error;
    });
    return this.#shared;
  }

  async #start(): Promise<SharedWire> {
    requireOptions('aliyunHttp()', this.#violations);
    const { credentials, clock, maxSockets } = this.#options;
    const provide = typeof credentials === 'function' ? credentials : () => Promise.resolve(credentials);
    const requests = await chooseRequests(await loadSdk(), this.#options.origin);
    const wire = new Wire(requests, new CredentialSource(provide, clock), this.#options);
    return { wire, sockets: wire.makeSockets(maxSockets) };
  }

  readonly #placed = <T extends { readonly instanceId: string | null }>(spec: T): T => ({
    ...spec,
    instanceId: this.#instanceOf(spec),
  });

  #instanceOf({ instanceId }: { readonly instanceId: string | null }): string | null {
    return instanceId ?? this.#options.instanceId;
  }
}
