import type { MessageBody } from '../message/body.js';
import type { TransportCapabilities } from './capabilities.js';
import type { Inspection } from './inspection.js';

/**
 * Port of a broker. Implement it and run the transport conformance suite against it; everything else (outbox,
 * retries, deduplication, decorators) is above this line and works unchanged.
 *
 * One transport serves one connection of one application. It never retries by itself: there is one retry authority,
 * and it is not here. It keeps no message: what it was given and could not hand over, it reports and forgets.
 */
export interface MqTransport {
  /** For log lines: `'aliyun-http'`. Nothing branches on it. */
  readonly name: string;
  /**
   * Which broker this is, in at most 255 characters: what tells it from any other that may share a database with it, and
   * stays the same over restarts and in every process. `'mq.internal:8081'`. A row of the outbox is sent by those alone
   * whose transport has the identity that it was published under, so changing it orphans what is on its way. No secrets.
   */
  readonly identity: string;
  /** Where names of topics and groups are looked up that have no instance id of their own; for traces. Default: none. */
  readonly namespace?: string;
  readonly capabilities: TransportCapabilities;
  /**
   * The longest that one `send` takes, its preparation included. A row's lease must outlast it: what is still under way
   * when the lease ends is sent by two.
   */
  readonly sendMs: number;

  /** Problems of this transport's own options. Pure: no I/O. An empty list is a valid configuration. */
  problems(): Violation[];
  /** What is allowed and still worth a line in the log at boot, e.g. credentials over plain HTTP. */
  warnings?(): string[];
  /** What the wire cannot carry of this message. Pure; asked inside the caller's transaction, before anything is stored. */
  validateMessage(message: OutboundMessage): Violation[];
  /** What the broker would refuse of this subscription. Pure; asked at boot. */
  validateSubscription(spec: SubscriptionSpec): Violation[];

  /** Prepares what `send` and `receive` need. Must not fail because the broker is down: it may be back later. */
  connect(): Promise<void>;
  /** Ends its connections. Resolves also when the broker is gone, and when it was never connected. */
  close(): Promise<void>;

  /**
   * Hands one message to the broker: one attempt on the wire.
   * @throws {TransportError} `unknown` or `unanswered` when the broker may have taken it; any other kind means that it has not.
   */
  send(message: OutboundMessage, signal: AbortSignal): Promise<SendReceipt>;

  /** The messages of one group and topic. No I/O is needed before the first `receive`. */
  subscribe(spec: SubscriptionSpec): MessageSource;

  /**
   * What the broker gave up on for one group, after too many deliveries: messages of all topics of the group, each
   * with `deadLetterOf`. Present if `capabilities.deadLetterSource`. No I/O is needed before the first `receive`.
   *
   * It is read, leased and acknowledged like any other source, so a dead letter that was not acknowledged comes again.
   * Most groups never lose a message, and many brokers create the topic for it with the first: while there is none,
   * `receive` waits `waitMs` and returns an empty array, and finds what is created meanwhile within a minute or so.
   * A broker that gives dead letters up as well must grant them 17 deliveries at least: what the database refuses is asked
   * for again every 5 minutes.
   */
  deadLetters?(spec: DeadLetterSpec): MessageSource;

  /**
   * Asks the broker what it has of these topics and groups, for `mq doctor`. Optional; without it the doctor says that it has
   * not looked. It sends no message, takes none, and makes nothing; what cannot be told that way is left `null` or named in
   * `untold`. Works without {@link connect}, beside everything else that the transport does, and asks anew each time.
   * Never rejects for what the broker says: each topic and subscription has its own error.
   */
  inspect?(request: InspectionRequest, signal: AbortSignal): Promise<Inspection>;
}

/** The messages of one (topic, group). Used by one poll loop, so at most one `receive` is under way at a time. */
export interface MessageSource {
  /**
   * Waits for up to `waitMs` until at least one message is there. An empty array means nothing came.
   * A message that was in flight when `signal` aborted must not be lost: its lease ends and it comes again.
   * More than `max` may come only where messages of one ordering key have to stay together.
   * @throws {TransportError}
   */
  receive(request: ReceiveRequest, signal: AbortSignal): Promise<Delivery[]>;
  /** Tells the broker that these are done. One settlement for each delivery, in the same order; never more than `limits.ackBatch`. */
  ack(deliveries: readonly Delivery[], signal: AbortSignal): Promise<Settlement[]>;
  /**
   * Asks for the delivery again after `ms`. Present if `capabilities.explicitRetryDelay`.
   * @param untried no handler has seen it: where the broker can, this delivery does not count
   */
  retryIn?(delivery: Delivery, ms: number, signal: AbortSignal, untried?: boolean): Promise<Settlement>;
  /** Prolongs the lease to `ms` from now. Present if `capabilities.leaseExtension`. Resolves to the delivery that carries the new lease. */
  extend?(delivery: Delivery, ms: number, signal: AbortSignal): Promise<Delivery | null>;
  /**
   * Nobody will call `receive` for a while, because the group is paused, the database is away, or the process stops. A source
   * that polls ahead gives back here what nobody has got. The next `receive` begins anew, once this has resolved.
   */
  rest?(): Promise<void>;
  close(): Promise<void>;
}

/** `done`: the broker confirmed. `lease-lost`: too late, it delivers again. `unknown`: no answer, it may deliver again. */
export type Settlement = 'done' | 'lease-lost' | 'unknown';

/** One finding about a value, with the path of what it is about: `{ path: 'tag', problem: 'contains "|"' }`. */
export interface Violation {
  readonly path: string;
  readonly problem: string;
  /** What kind of finding it is, when a program must tell: a body above a limit carries its size. */
  readonly tooLarge?: { readonly bytes: number; readonly limit: number };
}

/** A message as it goes onto the wire: names resolved, body encoded. */
export interface OutboundMessage {
  readonly topic: string;
  /** Alibaba's instance id, where there are instances. */
  readonly instanceId: string | null;
  readonly tag: string | null;
  readonly key: string;
  /** A text, or bytes that are none. A transport whose wire carries text only refuses bytes in `validateMessage`. */
  readonly body: MessageBody;
  /** What the core wants delivered with the message (`mq-id`, `mq-headers`, …): names and values of safe characters. */
  readonly properties: Readonly<Record<string, string>>;
  /** Epoch milliseconds before which the broker must not deliver. */
  readonly deliverAt: number | null;
  readonly orderingKey: string | null;
}

export interface SendReceipt {
  readonly brokerMessageId: string;
  /** Which of several brokers took it; see {@link TransportErrorOptions.broker}. */
  readonly broker?: string;
}

export interface SubscriptionSpec {
  readonly topic: string;
  readonly instanceId: string | null;
  readonly groupId: string;
  /** Tags as they are on the wire; `null` means all messages. */
  readonly tags: readonly string[] | null;
  /** Whether the topic keeps the order of messages with the same ordering key. */
  readonly ordered: boolean;
}

/** What the broker is asked about. */
export interface InspectionRequest {
  readonly topics: readonly { readonly topic: string; readonly instanceId: string | null }[];
  readonly subscriptions: readonly SubscriptionSpec[];
}

/** Whose dead letters. */
export interface DeadLetterSpec {
  readonly groupId: string;
  readonly instanceId: string | null;
}

export interface ReceiveRequest {
  readonly max: number;
  readonly waitMs: number;
  /** Asked for if `capabilities.chooseLease`, else ignored. */
  readonly leaseMs: number;
}

/** One message in the hands of this process until `leaseEndsAt`. */
export interface Delivery {
  readonly message: InboundMessage;
  /** How often the broker has delivered this message, this time included. */
  readonly deliveryCount: number;
  /** Whether the broker gives the message up if this delivery is not acknowledged. Left out where that is not known. */
  readonly isLast?: boolean;
  /** End of the lease on the monotonic clock that the transport was given. */
  readonly leaseEndsAt: number;
  /**
   * Which of several servers leased it, where each answers for itself. Deliveries of one are acknowledged in one call, those
   * of another in one beside it, which need not wait for a server that does not answer. Left out: all go together.
   */
  readonly server?: string;
  /** What the transport needs to settle it. Opaque to everybody else. */
  readonly handle: unknown;
}

/** A message as it came off the wire. */
export interface InboundMessage {
  readonly brokerMessageId: string;
  readonly tag: string | null;
  readonly key: string | null;
  /** As it was sent, to the byte; of one that is `unreadable`, what is there of it. */
  readonly body: MessageBody;
  readonly properties: Readonly<Record<string, string>>;
  readonly orderingKey: string | null;
  /** Epoch milliseconds; the broker's clock, where it keeps the time of the first storing, else the sender's. */
  readonly publishedAt: number;
  /** Why the body is not what was sent: damaged, or packed in a way that nobody here knows. It is then parked as it is. */
  readonly unreadable?: string;
  /**
   * What this message was before the broker gave it up: its topic on the wire, and its id there; each `null` if the broker
   * does not tell. Present exactly on what `deadLetters` delivers; everything else of the message is as it was.
   */
  readonly deadLetterOf?: { readonly topic: string | null; readonly brokerMessageId: string | null };
}
