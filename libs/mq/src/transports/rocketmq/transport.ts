import { inspect } from 'node:util';
import { requireOptions } from '../../core/config/require-options.js';
import type { Inspection } from '../../core/transport/inspection.js';
import { requireSendable } from '../../core/transport/require-sendable.js';
import { TransportError, type TransportErrorKind } from '../../core/transport/transport-error.js';
import type {
  DeadLetterSpec,
  InspectionRequest,
  MessageSource,
  MqTransport,
  OutboundMessage,
  SendReceipt,
  SubscriptionSpec,
  Violation,
} from '../../core/transport/transport.js';
import { inspectRocketmq } from './inspect.js';
import { fitTopic } from './message/fit-topic.js';
import { MessageIds } from './message/message-id.js';
import { PROFILES } from './profile.js';
import type { FilterExpression } from './protocol/generated.js';
import { unsent } from './wire/unsent.js';
import { preparationMs } from './send/preparation-ms.js';
import { sendTo, type Outgoing } from './send/outgoing.js';
import { resolveRocketmqOptions, type ResolvedRocketmqOptions, type RocketmqOptions } from './options.js';
import { RocketmqSource, type SourceSpec } from './source.js';
import type { Route } from './routes/route.js';
import { validateMessage, validateSubscription } from './validate.js';
import { RocketmqClient } from './client.js';

/** What says that another broker may take a message that this one did not. */
const OF_THE_BROKER: readonly TransportErrorKind[] = ['unavailable', 'unknown', 'unanswered', 'throttled', 'not-found'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;
const EVERYTHING: FilterExpression = { type: 'TAG', expression: '*' };

/** {@link rocketmq} */
export class RocketmqTransport implements MqTransport {
  readonly name = 'rocketmq';
  readonly identity: string;
  readonly namespace: string;
  readonly sendMs: number;
  readonly capabilities: MqTransport['capabilities'];
  readonly deadLetters?: (spec: DeadLetterSpec) => MessageSource;
  // Private to the language, not only to the compiler: they hold secrets, and no inspection or serialisation sees them.
  readonly #options: ResolvedRocketmqOptions;
  readonly #violations: readonly Violation[];
  readonly #ids: MessageIds;
  #client: Promise<RocketmqClient> | null = null;
  #closed = false;

  constructor(options: RocketmqOptions) {
    [this.#options, this.#violations] = resolveRocketmqOptions(options);
    this.#ids = new MessageIds(this.#options.clock);
    this.identity = this.#options.identity;
    this.namespace = this.#options.namespace;
    this.sendMs = preparationMs(this.#options) + this.#options.requestTimeoutMs;
    const { profile, deadLetterGroup } = this.#options;
    this.capabilities = { ...PROFILES[profile].capabilities, deadLetterSource: deadLetterGroup !== null };
    if (deadLetterGroup !== null) this.deadLetters = (spec) => this.#deadLetters(spec, deadLetterGroup);
  }

  problems(): Violation[] {
    return [...this.#violations];
  }

  warnings(): string[] {
    const { tls, accessPoints, credentials } = this.#options;
    const remote = accessPoints.filter(({ addresses }) => addresses.some(({ host }) => !LOOPBACK.test(host)));
    const found: string[] = [];
    if (!tls && remote.length > 0) {
      const exposed = credentials
        ? 'read and change messages, and use the signed headers again'
        : 'read and change messages';
      found.push(
        `transport.endpoints: ${remote[0]!.key} is not encrypted, whoever is on the way can ${exposed}; set tls: true`,
      );
    }
    if (tls?.rejectUnauthorized === false)
      found.push(
        'transport.tls.rejectUnauthorized: false accepts the certificate of anybody in between; give ca instead',
      );
    return found;
  }

  validateMessage(message: OutboundMessage): Violation[] {
    return validateMessage(message, PROFILES[this.#options.profile], this.#options.clock.now());
  }

  validateSubscription(spec: SubscriptionSpec): Violation[] {
    const { profile, deadLetterGroup } = this.#options;
    const found = validateSubscription(spec, PROFILES[profile]);
    if (spec.groupId === deadLetterGroup)
      found.push({
        path: 'groupId',
        problem: 'is transport.deadLetterGroup, which reads dead letters and nothing else',
      });
    return found;
  }

  async connect(): Promise<void> {
    this.#closed = false;
    await this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = null;
    await (await client?.catch(() => null))?.close();
  }

  async send(message: OutboundMessage, signal: AbortSignal): Promise<SendReceipt> {
    const what = sendTo(message.topic);
    const startedAt = this.#options.clock.monotonic();
    requireSendable(what, this.validateMessage(message));
    const client = await this.#connect();
    const route = await client.routes.get(message.topic, signal);
    const messageId = this.#ids.next();
    const fitted = this.#fit(message, route, messageId, client);
    const queue = route.choose(fitted.orderingKey, (each) => client.isDoubtful(each));
    if (!queue) throw new TransportError('not-found', `${what}: the topic may not be written to`);
    try {
      const receipt = await this.#send({ message: fitted, messageId, queue, startedAt, signal }, client);
      client.avoided.remove(queue.takenBy);
      return { ...receipt, broker: queue.takenBy };
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (OF_THE_BROKER.includes(error.kind) && !signal.aborted) client.avoided.add(queue.takenBy);
      throw error.with({ broker: queue.takenBy });
    }
  }

  subscribe(spec: SubscriptionSpec): MessageSource {
    const filter: FilterExpression =
      spec.tags === null ? EVERYTHING : { type: 'TAG', expression: spec.tags.join('||') };
    const mustBeOrderly = spec.ordered && PROFILES[this.#options.profile].tellsOrder;
    return this.#source(spec.groupId, spec.topic, filter, { isDeadLetters: false, mustBeOrderly });
  }

  /** On connections of its own: a session and a route that are in use know what was true when they were made. */
  async inspect(request: InspectionRequest, signal: AbortSignal): Promise<Inspection> {
    requireOptions('rocketmq()', this.#violations);
    const client = await RocketmqClient.connect(this.#options);
    try {
      return await inspectRocketmq(client, request, this.#options, signal);
    } finally {
      await client.close();
    }
  }

  toJSON(): Record<string, unknown> {
    const { accessPoints, namespace, profile, tls, credentials } = this.#options;
    const endpoints = accessPoints.map(({ key }) => key);
    return { name: this.name, endpoints, namespace, profile, tls: tls !== null, credentials: credentials && '***' };
  }

  [inspect.custom](): string {
    return `RocketmqTransport ${inspect(this.toJSON())}`;
  }

  async #send(outgoing: Omit<Outgoing, 'session'>, client: RocketmqClient): Promise<SendReceipt> {
    const { message, queue, signal } = outgoing;
    const introduced = client.sessions.introduce(
      () => client.sessions.producer(client.resource(message.topic)),
      client.connections.to(queue.endpoint),
      signal,
    );
    const session = await introduced.catch((error: unknown) => {
      client.routes.doubt(message.topic);
      throw unsent(error);
    });
    return client.sends.send({ ...outgoing, session });
  }

  #fit(message: OutboundMessage, route: Route, messageId: string, { routes }: RocketmqClient): OutboundMessage {
    if (route.isDeleted) {
      routes.doubt(message.topic);
      throw new TransportError(
        'not-found',
        `${sendTo(message.topic)}: the broker has no such topic any more; create it there, or correct its name`,
      );
    }
    return fitTopic(sendTo(message.topic), message, route, messageId);
  }

  /** Not read by the group itself: its proxy would take each dead letter for a message to give up, and put it back. */
  #deadLetters({ groupId }: DeadLetterSpec, reader: string): MessageSource {
    return this.#source(reader, `%DLQ%${groupId}`, EVERYTHING, { isDeadLetters: true, mustBeOrderly: false });
  }

  #source(
    groupId: string,
    topicName: string,
    filter: FilterExpression,
    kind: Pick<SourceSpec, 'isDeadLetters' | 'mustBeOrderly'>,
  ): MessageSource {
    const { namespace: resourceNamespace, clock, requestTimeoutMs, maxUnpackedBytes } = this.#options;
    const topic = { resourceNamespace, name: topicName };
    const group = { resourceNamespace, name: groupId };
    return new RocketmqSource(
      () => this.#connect(),
      (client) => client.sessions.consumer(group, topic, filter),
      { topic, group, filter, ...kind },
      // Not all of the options: whoever inspects a source must not see the credentials.
      { clock, requestTimeoutMs, maxUnpackedBytes },
    );
  }

  /** A straggler must not connect again after close(): nobody would close it once more, and the process would not end. */
  #connect(): Promise<RocketmqClient> {
    if (this.#closed) return Promise.reject(new TransportError('unavailable', 'the transport is closed'));
    this.#client ??= this.#start().catch((error: unknown) => {
      this.#client = null;
      throw error;
    });
    return this.#client;
  }

  async #start(): Promise<RocketmqClient> {
    requireOptions('rocketmq()', this.#violations);
    return RocketmqClient.connect(this.#options);
  }
}
