import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { requireOptions } from '../../core/config/require-options.js';
import { requireSendable } from '../../core/transport/require-sendable.js';
import { TransportError, type TransportErrorKind } from '../../core/transport/transport-error.js';
import type {
  DeadLetterSpec,
  MessageSource,
  MqTransport,
  OutboundMessage,
  PublishReceipt,
  SubscriptionSpec,
  Violation,
} from '../../core/transport/transport.js';
import { fitTopic } from './message/fit-topic.js';
import { MessageIds } from './message/message-id.js';
import { messageType, toWire } from './message/outbound.js';
import { PROFILES } from './profiles.js';
import { isOk, refusal } from './protocol/broker-status.js';
import type { FilterExpression, MessageType, SendMessageResponseReceived } from './protocol/generated.js';
import { unsent } from './protocol/unsent.js';
import { resolveRocketmqOptions, type ResolvedRocketmqOptions, type RocketmqOptions } from './rocketmq-options.js';
import { RocketmqSource, type SourceSpec } from './rocketmq-source.js';
import type { Queue, Route } from './routes/route.js';
import { validateMessage, validateSubscription } from './validate.js';
import { Wiring } from './wiring.js';

/** What in a message asks for which type of topic. */
const WISH: Partial<Record<MessageType, string>> = {
  DELAY: 'delay and deliverAt need a topic of type DELAY',
  FIFO: 'orderingKey needs a topic of type FIFO',
  NORMAL: 'make the topic one of type NORMAL',
};
/** What says that another broker may take a message that this one did not. */
const OF_THE_BROKER: readonly TransportErrorKind[] = ['unavailable', 'unknown', 'unanswered', 'throttled', 'not-found'];
const ROUTE_MAY_BE_OLD: readonly TransportErrorKind[] = ['unavailable', 'not-found'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;
const MAX_IDENTITY = 255;
const EVERYTHING: FilterExpression = { type: 'TAG', expression: '*' };

/** What sending one message takes besides the message and its queue. */
interface Way {
  readonly wiring: Wiring;
  readonly messageId: string;
  /** On the monotonic clock: when the preparation began. */
  readonly startedAt: number;
  readonly signal: AbortSignal;
}

/** {@link rocketmq} */
export class RocketmqTransport implements MqTransport {
  readonly name = 'rocketmq';
  readonly identity: string;
  readonly publishMs: number;
  readonly capabilities: MqTransport['capabilities'];
  readonly deadLetters?: (spec: DeadLetterSpec) => MessageSource;
  // Private to the language, not only to the compiler: they hold secrets, and no inspection or serialisation sees them.
  readonly #options: ResolvedRocketmqOptions;
  readonly #violations: readonly Violation[];
  readonly #ids: MessageIds;
  #wiring: Promise<Wiring> | null = null;
  #closed = false;

  constructor(options: RocketmqOptions) {
    [this.#options, this.#violations] = resolveRocketmqOptions(options);
    this.#ids = new MessageIds(this.#options.clock);
    this.identity = identityOf(this.#options);
    this.publishMs = this.#preparationMs + this.#options.requestTimeoutMs;
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
    const wiring = this.#wiring;
    this.#wiring = null;
    await (await wiring?.catch(() => null))?.close();
  }

  async publish(message: OutboundMessage, signal: AbortSignal): Promise<PublishReceipt> {
    const what = `publish to '${message.topic}'`;
    const startedAt = this.#options.clock.monotonic();
    requireSendable(what, this.validateMessage(message));
    const wiring = await this.#connect();
    const route = await wiring.routes.get(message.topic, signal);
    const messageId = this.#ids.next();
    const fitted = this.#fit(message, route, messageId, wiring);
    const queue = route.choose(fitted.orderingKey, (each) => wiring.isDoubtful(each));
    if (!queue) throw new TransportError('not-found', `${what}: the topic may not be written to`);
    try {
      const receipt = await this.#send(fitted, queue, { wiring, messageId, startedAt, signal });
      wiring.refusals.remove(queue.takenBy);
      return receipt;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (OF_THE_BROKER.includes(error.kind) && !signal.aborted) wiring.refusals.add(queue.takenBy);
      throw error.with({ broker: queue.takenBy });
    }
  }

  subscribe(spec: SubscriptionSpec): MessageSource {
    const filter: FilterExpression =
      spec.tags === null ? EVERYTHING : { type: 'TAG', expression: spec.tags.join('||') };
    const mustBeOrderly = spec.ordered && PROFILES[this.#options.profile].tellsOrder;
    return this.#source(spec.groupId, spec.topic, filter, { isDeadLetters: false, mustBeOrderly });
  }

  toJSON(): Record<string, unknown> {
    const { accessPoints, namespace, profile, tls, credentials } = this.#options;
    const endpoints = accessPoints.map(({ key }) => key);
    return { name: this.name, endpoints, namespace, profile, tls: tls !== null, credentials: credentials && '***' };
  }

  [inspect.custom](): string {
    return `RocketmqTransport ${inspect(this.toJSON())}`;
  }

  async #send(message: OutboundMessage, queue: Queue, way: Way): Promise<PublishReceipt> {
    const { wiring, messageId, startedAt, signal } = way;
    const what = `publish to '${message.topic}'`;
    const connection = wiring.connections.to(queue.endpoint);
    const introduced = wiring.introduce(() => wiring.producer(message.topic), connection, signal);
    const session = await introduced.catch((error: unknown) => {
      wiring.routes.doubt(message.topic);
      throw unsent(error);
    });
    // Several access points and sessions, each within its own limit, can take longer than a lease leaves room for.
    if (this.#options.clock.monotonic() - startedAt > this.#preparationMs)
      throw new TransportError('unavailable', `${what}: no way to the broker within ${this.#preparationMs} ms`);
    const wireMessage = toWire(message, {
      topic: wiring.resource(message.topic),
      queueId: queue.id,
      messageId,
      now: this.#options.clock.now(),
    });
    const headers = wiring.headers(session.clientId);
    const call = { what, headers, deadlineMs: this.#options.requestTimeoutMs, signal };
    try {
      const answer = await connection.unary('sendMessage', { messages: [wireMessage] }, call);
      const receipt = { ...readReceipt(what, answer), broker: queue.takenBy };
      wiring.routes.confirm(message.topic);
      return receipt;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (ROUTE_MAY_BE_OLD.includes(error.kind)) wiring.routes.doubt(message.topic);
      throw wiring.routes.judge(message.topic, error);
    }
  }

  #fit(message: OutboundMessage, route: Route, messageId: string, { routes }: Wiring): OutboundMessage {
    if (route.isDeleted) {
      routes.doubt(message.topic);
      throw new TransportError(
        'not-found',
        `publish to '${message.topic}': the broker has no such topic any more; create it there, or correct its name`,
      );
    }
    const fitted = fitTopic(message, (type) => route.takes(type), messageId);
    if (fitted) return fitted;
    throw new TransportError(
      'refused',
      `publish to '${message.topic}': the topic takes messages of type ${route.types}, and this is one of type ${messageType(message)}; ${WISH[messageType(message)]}`,
    );
  }

  /** For a route and a session. */
  get #preparationMs(): number {
    return 2 * this.#options.connectTimeoutMs;
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
    const { namespace, clock } = this.#options;
    const topic = { resourceNamespace: namespace, name: topicName };
    const group = { resourceNamespace: namespace, name: groupId };
    return new RocketmqSource(
      () => this.#connect(),
      (wiring) => wiring.consumer(groupId, topicName, filter),
      { topic, group, filter, ...kind },
      clock,
    );
  }

  /** A straggler must not open again what was closed: nobody would close it, and the process would not end. */
  #connect(): Promise<Wiring> {
    if (this.#closed) return Promise.reject(new TransportError('unavailable', 'the transport is closed'));
    this.#wiring ??= this.#open().catch((error: unknown) => {
      this.#wiring = null;
      throw error;
    });
    return this.#wiring;
  }

  async #open(): Promise<Wiring> {
    requireOptions('rocketmq()', this.#violations);
    return Wiring.open(this.#options);
  }
}

/** The addresses in an order of their own, because whoever lists them in another means the same servers. */
function identityOf({ accessPoints, identity, namespace }: ResolvedRocketmqOptions): string {
  if (identity !== null) return identity;
  const addresses = accessPoints.flatMap((endpoint) => endpoint.key.toLowerCase().split(';'));
  const all = addresses.sort().join(',') + (namespace && `/${namespace}`);
  return all.length <= MAX_IDENTITY ? all : createHash('sha256').update(all).digest('hex');
}

/** Only an `OK` for this very message, with an id, is a receipt. */
function readReceipt(what: string, { status, entries }: SendMessageResponseReceived): PublishReceipt {
  const [entry] = entries;
  if (!entry || !isOk(entry.status)) throw refusal(what, entry?.status ?? status);
  if (!isOk(status) && status?.code !== 'MULTIPLE_RESULTS') throw refusal(what, status);
  if (entry.messageId === '') throw new TransportError('unknown', `${what}: the broker answered OK without an id`);
  return { brokerMessageId: entry.messageId };
}
