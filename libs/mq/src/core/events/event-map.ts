import type { MqErrorCode } from '../errors/codes.js';

/**
 * Everything that happens, as one typed map. Log lines, alerts, metrics and test spies subscribe here and nowhere else.
 * Names are `noun.verb`. No event carries a payload or a secret.
 */
export interface MqEventMap {
  /** Rows were inserted into the outbox, in a transaction that is still open. */
  'message.published': { topic: string; count: number };
  /** The broker took a message. `waitedMs` since the commit was seen, or since the claim. */
  'message.sent': MessageRef & { brokerMessageId: string; attempt: number };
  /** A send failed and comes again. `counted` tells whether it used up an attempt. */
  'message.rescheduled': MessageRef & { attempt: number; counted: boolean; delayMs: number; error: FailureInfo };
  /** A message was parked: `DEAD`, with a row in the error table. */
  'message.parked': MessageRef & { attempt: number; error: FailureInfo };
  /** A write came too late: another process holds the row by now. */
  'lease.lost': { messageId: string; during: 'mark' | 'reschedule' | 'park' };
  /** Rows that were announced by a commit were not there: the database had rolled them back. */
  'commit.vanished': { count: number };
  /** Sending through this scope stopped; one probe at a time goes on. */
  'circuit.opened': { scope: string; error: FailureInfo };
  'circuit.closed': { scope: string; openMs: number };
  /** Rows that have been due for a minute and that nobody seems to send: not this process, which cannot. Told once. */
  'rows.orphaned': { connection: string; broker: string; topic: string; waiting: number; overdueMs: number };
  /** A connection of the same name publishes for another broker into the same tables. Told at start. */
  'tables.shared': { connection: string; broker: string; publishedAgoMs: number };
  /** A pass of the relay ended. */
  'relay.ticked': { claimed: number; sent: number; rescheduled: number; dead: number };
  /** A loop of the module failed in a way that is nobody's message's fault; it goes on. */
  'loop.failed': { loop: string; error: FailureInfo };

  /** A poll loop began or ended. */
  'consumer.started': GroupRef;
  'consumer.stopped': GroupRef;
  /** A handler returned, and its transaction is committed. */
  'delivery.handled': DeliveryRef & { durationMs: number };
  /** A copy of a message that was handled before was acknowledged without running its handler. */
  'delivery.duplicate': DeliveryRef;
  /** An attempt failed. `retryInMs` is `null` where the broker decides. */
  'delivery.failed': DeliveryRef & { error: FailureInfo; retryInMs: number | null };
  /** A delivery was parked: acknowledged, and kept in the error table. */
  'delivery.parked': DeliveryRef & { error: FailureInfo };
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
  /** Rows were deleted because their retention ended. */
  'rows.pruned': { table: 'sent' | 'inbox' | 'errors'; count: number };
}

export type MqEventName = keyof MqEventMap;

export interface MessageRef {
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
