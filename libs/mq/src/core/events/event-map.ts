import type { MqErrorCode } from '../errors/codes.js';

/**
 * Everything that happens, as one typed map. Log lines, alerts, metrics and test spies subscribe here and nowhere else.
 * Names are `noun.verb`. No event carries a payload or a secret.
 */
export interface MqEventMap {
  /** Rows were inserted into the outbox, in a transaction that is still open. */
  'message.published': { topic: string; count: number };
  /** A message of an ordered topic has no `orderingKey`, so nothing keeps it in order. Told once for each topic. */
  'message.unordered': { topic: string };
  /**
   * The broker took a message, `durationMs` after it was asked. `waitedMs`: since it was published, or could leave for the first
   * time; by this process's clock and that of the publisher, so it may be negative.
   */
  'message.sent': MessageRef & { brokerMessageId: string; attempt: number; durationMs: number; waitedMs: number };
  /** A send failed and comes again. `counted` tells whether it used up an attempt. */
  'message.rescheduled': MessageRef & { attempt: number; counted: boolean; delayMs: number; error: FailureInfo };
  /** A message was parked: `DEAD`, with a row in the error table. */
  'message.parked': MessageRef & { attempt: number; error: FailureInfo };
  /** A write came too late: another process holds the row by now. */
  'lease.lost': { messageId: string; during: 'mark' | 'reschedule' | 'park' };
  /**
   * Rows that were announced by a commit were not there: the database had rolled them back. Of these, `swallowed` are not
   * explained by a savepoint that was rolled back or a commit that failed: somebody caught an SQL error inside of the transaction.
   */
  'commit.vanished': { count: number; swallowed: number };
  /** Sending through this scope (`connection`, `topic …`, `broker …`) stopped; one probe at a time goes on. */
  'circuit.opened': { scope: string; error: FailureInfo };
  /** Sending through this scope works again. */
  'circuit.closed': { scope: string; openMs: number };
  /**
   * A topic (`topic:orders`) or group (`group:stock`) was paused or resumed, for all processes; told by each of them when it
   * learns of it.
   */
  'pause.changed': { target: string; paused: boolean; reason: string; actor: string };
  /** Rows that have been due for a minute and that nobody seems to send: not this process, which cannot. Told once. */
  'rows.orphaned': { connection: string; broker: string; topic: string; waiting: number; overdueMs: number };
  /** A connection of the same name publishes for another broker into the same tables. Told at start. */
  'tables.shared': { connection: string; broker: string; publishedAgoMs: number };
  /** A pass of the relay ended. */
  'relay.ticked': { claimed: number; sent: number; rescheduled: number; dead: number };
  /** A loop of the module failed in a way that is nobody's message's fault; it goes on. One that polls says for whom. */
  'loop.failed': { loop: string; error: FailureInfo } & Partial<GroupRef>;
  /** A loop that had failed works again, or has ended. Only those say so that try again by themselves: the relay, polls, the probe of the database, the heartbeat. */
  'loop.recovered': { loop: string; failedMs: number } & Partial<GroupRef>;

  /** A poll loop began or ended. */
  'consumer.started': GroupRef;
  'consumer.stopped': GroupRef;
  /** A handler returned, and its transaction is committed. `publishedAt`: by the publisher's clock, else the broker's; `null` if neither tells. */
  'delivery.handled': DeliveryRef & { durationMs: number; publishedAt: Date | null };
  /**
   * A copy of a message that was handled before was acknowledged without running its handler. `redelivered`: the broker
   * delivered it before, or this process had it before. `sent-twice`: another copy at the broker. `replayed`: an operator's.
   */
  'delivery.duplicate': DeliveryRef & { reason: 'redelivered' | 'sent-twice' | 'replayed' };
  /** An attempt failed. `retryInMs` is `null` where the broker decides. */
  'delivery.failed': DeliveryRef & { error: FailureInfo; retryInMs: number | null };
  /** A delivery was parked: acknowledged, and kept in the error table. */
  'delivery.parked': DeliveryRef & { error: FailureInfo };
  /** A handler threw `Discard`: what it did was rolled back, and the message counts as handled. */
  'delivery.discarded': DeliveryRef & { reason: string };
  /**
   * A delivery that was in a batch of so many is handled alone. `known`: the inbox knew it. `failed`: the handler of the batch failed, or its
   * transaction, and was rolled back. `contention`, `lease`, `database`: the handler did not run. No attempt is counted.
   */
  'delivery.unbatched': DeliveryRef & {
    batch: number;
    reason: 'known' | 'failed' | 'contention' | 'lease' | 'database';
    error: FailureInfo | null;
  };
  /** A delivery was acknowledged without running a handler: a replay for another group, or a tag that nobody takes. */
  'delivery.skipped': DeliveryRef & { reason: 'other-group' | 'unmatched' };
  /** A delivery was left to the broker without a verdict (shutdown, no lease left, contention, an older one of its ordering key failed). */
  'delivery.released': DeliveryRef & { reason: 'shutdown' | 'lease' | 'contention' | 'database' | 'order' };
  /** A message was delivered to this process three times, and left to the broker each time. Told once for each message. */
  'delivery.starved': DeliveryRef & { times: number; reason: MqEventMap['delivery.released']['reason'] };
  /** The broker leases messages for less time than an attempt needs, so no handler of the group starts. Told once. */
  'lease.short': GroupRef & { leaseMs: number; timeoutMs: number; neededMs: number };
  /** A handler did not come back after its timeout; it still runs, cut off from the database. */
  'handler.stuck': GroupRef & { messageId: string };
  'handler.unstuck': GroupRef & { messageId: string };
  /** The broker refused or lost acknowledgements: those messages come again, and the inbox absorbs them. */
  'ack.failed': GroupRef & { count: number; settlement: 'lease-lost' | 'unknown' };
  /** A method under `@OnMqEvent` threw, or rejected; `to`: the event that it was told. */
  'listener.failed': { listener: string; to: string; error: FailureInfo };
  /** Rows were deleted because their retention ended. `durationMs`: the statements of this batch. */
  'rows.pruned': { table: 'sent' | 'inbox' | 'errors'; count: number; durationMs: number };
}

export type MqEventName = keyof MqEventMap;

interface MessageRef {
  readonly messageId: string;
  readonly topic: string;
  readonly key: string;
}
export interface GroupRef {
  readonly topic: string;
  readonly group: string;
}
export interface DeliveryRef extends GroupRef {
  readonly messageId: string;
  readonly key: string;
  readonly attempt: number;
}
/** What of an error may be told: a code, one bounded line, and the thrown value itself for those that log stacks. */
export interface FailureInfo {
  readonly code: MqErrorCode;
  readonly message: string;
  readonly cause?: unknown;
}
