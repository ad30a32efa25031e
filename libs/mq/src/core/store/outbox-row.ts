import type { Causality } from '../message/causality.js';

/**
 * A row of the outbox (`mq_status_log`), one message.
 *
 * States and their transitions:
 *
 * - `PENDING`: waits for its `due_at`. New, delayed, backing off and standing behind an older message of its ordering
 *   key are all this; they differ in `due_at` only, so that one sweep finds them all.
 *   → `SENDING` when a process claims it; → `CANCELLED`.
 * - `SENDING`: leased by whoever knows `lease_token`, until `due_at`. Rows are born like this when the process that
 *   publishes is about to send them itself.
 *   → `SENT` or `ACCEPTED` when the broker took it; → `PENDING` after a failure, or given back; → `DEAD`;
 *   → `SENDING` under another token when the lease ran out.
 * - `ACCEPTED`: the broker has it, and a group of this module must still handle it (`settleOn`).
 *   → `SENT` when it did; → `SENDING` again when it stayed silent; → `DEAD` when that group parked it.
 * - `SENT`, `DEAD`, `CANCELLED`: finished. A replay of a dead row is a new row.
 *
 * "Not finished" and "has a `due_at`" are the same thing, by a CHECK constraint: no row can be in a state that no sweep
 * reads. So are `SENDING` and "has a `lease_token`". Every write to a `SENDING` row is filtered by that token (the
 * fence), so a process that lost its lease changes nothing.
 */
export type OutboxStatus = 'PENDING' | 'SENDING' | 'ACCEPTED' | 'SENT' | 'DEAD' | 'CANCELLED';

export const UNFINISHED: readonly OutboxStatus[] = ['PENDING', 'SENDING', 'ACCEPTED'];

/** What of a message stays the same from its publishing on. */
export interface OutboxMessage extends Causality {
  /** UUIDv7, made by the publisher. On the wire it is the property `mq-id`. */
  readonly id: string;
  /** Name of the connection that published it. */
  readonly connection: string;
  /** Which broker it was published for, as that transport's `identity` says; no other process sends it. */
  readonly broker: string;
  readonly topicAlias: string;
  readonly topic: string;
  readonly instanceId: string | null;
  /** With its suffix. */
  readonly tag: string | null;
  readonly key: string;
  readonly orderingKey: string | null;
  /** Encoded payload, as it goes onto the wire. */
  readonly payload: string;
  /** `base64`: the payload is that of bytes, or of a text that databases do not take. Only a replay has such a body. */
  readonly payloadEncoding: 'base64' | null;
  /** In UTF-8. */
  readonly payloadBytes: number;
  /** Headers of the user as one JSON object, or `null`. */
  readonly headers: string | null;
  /** Group alias whose handling finishes the row, if its topic settles on a group. */
  readonly settleGroup: string | null;
  readonly settleWithinMs: number | null;
  readonly maxAttempts: number;
  /** The message that this row replays; then it is sent under that id. */
  readonly replayOf: string | null;
  /** Group id that alone is to run a replayed message. */
  readonly targetGroup: string | null;
  /** Trace context of the request that published it, as JSON; `null` without tracing. */
  readonly trace: string | null;
}

/** A message on its way into the outbox. */
export interface NewOutboxRow extends OutboxMessage {
  /** Hash of topic alias and ordering key; `null` without ordering. Column `open_key`, which is emptied when the row no longer holds back younger ones. */
  readonly orderKey: string | null;
  /** When the broker shall deliver: an instant, or a time counted from the INSERT on the database's clock. */
  readonly deliver: { readonly at: number } | { readonly inMs: number } | null;
  /** `true`: born `SENDING` under the lease of the call. `false`: born `PENDING`. */
  readonly leased: boolean;
  /** How long before `deliver` the broker may be given the message: a row born `PENDING` is due that much earlier. */
  readonly horizonMs: number;
}

/** A row in the hands of the process that leased it. */
export interface LeasedRow extends OutboxMessage {
  readonly orderKey: string | null;
  /** Place among the rows of its key. Decimal text, because it may exceed what a double can hold. */
  readonly seq: string;
  /** Epoch milliseconds on the database's clock. */
  readonly deliverAt: number | null;
  /** How often somebody began to send it, this time included. */
  readonly startedCount: number;
  /** How many of those failed in a way that counts. */
  readonly failedCount: number;
  readonly leaseToken: string;
}

/** A row that this process has just inserted. What the database alone knows of it is filled in when it is read back. */
export type InsertedRow = LeasedRow & { seq: string; deliverAt: number | null };

/** A row and the token that its lease was taken under. */
export interface LeaseRef {
  readonly id: string;
  readonly token: string;
}

/** What a lease is taken with. */
export interface LeaseRequest {
  /** New and unguessable for every claim and every INSERT call. */
  readonly token: string;
  /** Who, for people that look at the table. Nothing branches on it. */
  readonly owner: string;
  readonly ms: number;
}
