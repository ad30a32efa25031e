import type { Bytes } from '../runtime/bytes.js';
import type { Duration } from '../runtime/duration.js';
import type { MqCodec } from '../message/codec.js';
import type { MqTransport } from '../transport/transport.js';

/** What of a process runs: `api` publishes, `worker` consumes as well, `relay` delivers again and prunes as well, `all` does everything. */
export type MqRole = 'all' | 'api' | 'worker' | 'relay';

/** Enhancers by kind, as Nest calls them. */
export type GlobalEnhancer = 'guards' | 'interceptors' | 'pipes' | 'filters';

export interface MqOptions {
  /** `aliyunHttp({ … })`, `memoryTransport()`, … */
  transport: MqTransport;
  /** Topics by alias: what code says → what the broker calls it. Default `{}`. */
  topics?: Record<string, TopicOptions>;
  /** Consumer groups by alias. Default `{}`. */
  groups?: Record<string, GroupOptions>;
  /**
   * Whose messages are sent besides its own: names that this connection had before, or `'name@broker'` for what was published
   * while the broker was known under another address (column `broker`). Default `[]`.
   */
  connections?: string[];
  /** Appended to every tag, to tell environments apart that share topics. Default none. */
  tagSuffix?: string;
  /** Appended to every group id. Default none. */
  groupSuffix?: string;
  /** What starts in this process; several as an array or a comma list. Everything stays injectable. Default `'all'`. */
  role?: MqRole | MqRole[] | (string & {});
  /** Run the module's migrations at boot, under a lock. Default `false`: boot checks the tables and says what to do. */
  migrate?: boolean;
  /**
   * Which enhancers of the whole application (`APP_GUARD`, `useGlobalPipes()`) handlers have too; `true`: all kinds. Default `false`: most are
   * made for requests, and would refuse or break messages.
   */
  globalEnhancers?: boolean | GlobalEnhancer[];
  publish?: PublishSettings;
  reproduce?: ReproduceSettings;
  consume?: ConsumeSettings & {
    /** Handlers at once, over all groups. Default: half of the connection pool. */ maxInFlight?: number;
    /** Groups that this process consumes, as a list or a text with commas; others are for other processes. Default: all of them. */ groups?:
      string | string[];
  };
  retention?: RetentionSettings;
  shutdown?: { /** How long work in flight may take at shutdown. Default `'20s'`. */ drain?: Duration };
  log?: LogSettings;
  /** Told about parked messages and outages, not more often than `alertEvery` for the same cause. */
  onAlert?: (alert: MqAlert) => void | Promise<void>;
  /** Default `'10m'`. */
  alertEvery?: Duration;
}

export interface TopicOptions {
  /** Name at the broker. */
  topic: string;
  /** Alibaba's instance id; the transport's own unless set. */
  instanceId?: string;
  /** Messages with the same `orderingKey` leave in the order of their commits. Default `false`. */
  ordered?: boolean;
  /** Default `'json'`. */
  codec?: 'json' | 'text' | MqCodec;
  /**
   * When a status row counts as done: when the broker has taken the message (`'broker'`, the default), or when this
   * group of this module has handled it; silent for `within`, it is sent again.
   */
  settleOn?: 'broker' | { group: string; within: Duration };
}

export interface GroupOptions extends ConsumeSettings {
  /** Group id at the broker. */
  groupId: string;
  /** Tags to subscribe to, without the suffix. Default: all messages, unless handlers name tags. */
  tags?: string[];
  /**
   * What makes a message that another kind of producer sent the same message, within its topic: `message.id` becomes
   * `<topic>/<answer>`. Default, and for `undefined`: `broker:<its id at the broker>`.
   */
  identify?: (message: {
    key: string | null;
    tag: string | null;
    body: string;
    properties: Readonly<Record<string, string>>;
    brokerMessageId: string;
  }) => string | undefined;
}

export interface PublishSettings {
  /** `false` lets `publish()` without a transaction open its own. Default `true`: it is an error. */
  requireTransaction?: boolean;
  /**
   * The id of the request that is being served, e.g. `() => cls.getId()`: the first message of a chain takes it for its correlation id.
   * Asked for each message that is published outside of a handler, and of a batch of several; if it throws, the message goes without. Default: a chain has the id of its first message.
   */
  correlationId?: () => string | undefined;
}

export interface ReproduceSettings {
  /** How long a process owns a row that it sends. Default `'30s'`. */
  lease?: Duration;
  /** Failed attempts after which a message is parked. Default 10. */
  maxAttempts?: number;
  /** Default `{ base: '1s', cap: '10m' }`, full jitter. */
  backoff?: BackoffSetting;
  /** Rows of one claim. Default 100. */
  batch?: number;
  /** The pause between two polls that find nothing grows to this, and to twice as much by chance. Default `'5s'`. */
  idle?: Duration;
  /**
   * What the messages that are on their way may take of the memory, both just published and due again. More of them wait in
   * the database. Counted as four times the payload. Default `'64MB'`.
   */
  memory?: Bytes;
  /** A parked message at the head of its ordering key: `'block'` holds back the younger ones, `'skip'` lets them go on. Default `'block'`. */
  onDeadKey?: 'block' | 'skip';
}

export interface ConsumeSettings {
  /** Handlers of a group at once. Default 4. */
  concurrency?: number;
  /** How long one attempt of a handler may take. Default `'30s'`. */
  timeout?: Duration;
  /** Failed attempts after which a delivery is parked. Default 16. */
  maxAttempts?: number;
  /** Default `{ base: '10s', cap: '10m' }`, full jitter. */
  backoff?: BackoffSetting;
  /** `false`: no inbox, no transaction; a redelivery runs the handler again. Default `true`. */
  inbox?: boolean;
  /** What happens to messages with a tag that no handler takes. Default `'park'`. */
  unmatched?: 'park' | 'ack';
}

export type BackoffSetting = { base?: Duration; cap?: Duration } | ((failure: MqFailure) => Duration | 'park');

/** What a backoff function decides about. */
export interface MqFailure {
  readonly side: 'publish' | 'consume';
  /** Failed attempts so far, this one included. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly error: unknown;
  readonly messageId: string;
  /** Aliases. */
  readonly topic: string;
  readonly group?: string;
}

export interface RetentionSettings {
  /** Finished status rows. Default `'7d'`. With `0` a row is deleted at once when its message was sent, and not marked: there is no history then. */
  sent?: Duration | false;
  /** Inbox rows; must outlast every redelivery and replay. Default `'14d'`. */
  inbox?: Duration | false;
  /** Error rows, counted from their resolution. Default `'90d'`. */
  errors?: Duration | false;
}

export interface LogSettings {
  /** One line for each message sent. Default `false`. */
  produced?: boolean;
  /** One line for each message handled. Default `false`. */
  consumed?: boolean;
  /** Where lines go. Default: Nest's `Logger`, and so what `app.useLogger()` was given. */
  logger?: MqLogger;
}

/**
 * The part of Nest's `LoggerService` that this library uses. `message` is an `MqLogLine`: an object with fields, which is its sentence as
 * text. A logger that throws when it gets one gets texts instead.
 */
export interface MqLogger {
  log(message: unknown, ...optional: unknown[]): unknown;
  warn(message: unknown, ...optional: unknown[]): unknown;
  error(message: unknown, ...optional: unknown[]): unknown;
  debug?(message: unknown, ...optional: unknown[]): unknown;
}

export interface MqAlert {
  readonly kind:
    | 'message.parked'
    | 'delivery.parked'
    | 'delivery.starved'
    | 'lease.short'
    | 'rows.orphaned'
    | 'tables.shared'
    | 'outage'
    | 'handler.stuck';
  readonly connection: string;
  /** One sentence: what happened and what to do. */
  readonly message: string;
  readonly topic?: string;
  readonly group?: string;
  readonly code?: string;
  /** How many alerts of this cause were held back since the last one. */
  readonly suppressed: number;
}
