import type { Causality } from '../message/causality.js';
import type { CopyReason } from './delivery-store.js';
import type { Happenings } from './happening.js';
import type { MqNode } from './node-store.js';
import type { OutboxStatus } from './outbox-row.js';

/** Reads what the tables know about messages, for people. Nothing here is on a message's way. */
export interface EvidenceStore {
  /**
   * Everything about the message that is meant by a text: its id, the id of a row that replays it, of an error row, or a key
   * (then the newest 20 messages with it). Each table is looked up by an index, in a number of statements that does not grow
   * with the tables.
   */
  read(idOrKey: string): Promise<Evidence>;
  /**
   * What has happened lately, on both sides: `backMs` and a little more, since what is committed late counts from before. Bounded by
   * time and number in each table, and looked up by indexes.
   * @param aliasOf name of a group by its id at the broker
   */
  happenings(backMs: number, aliasOf: (groupId: string) => string): Promise<Happenings>;
  /** All copies that were counted, by reason. Counts row by row. */
  copies(): Promise<CopyCount[]>;
}

/** Times are epoch milliseconds on the database's clock, unless said otherwise. */
export interface Evidence {
  readonly asked: string;
  /** When it was read. */
  readonly now: number;
  /** Oldest first. One at least: of an id that nothing is known about it is empty. */
  readonly messages: readonly MessageEvidence[];
  /** Processes that use these tables, those of the last day that are gone included. */
  readonly nodes: readonly MqNode[];
  /** Pauses in force. */
  readonly pauses: readonly PauseEvidence[];
  /** Causes like those that these messages were parked for. */
  readonly likes: readonly LikeEvidence[];
}

export interface MessageEvidence {
  readonly messageId: string;
  /** Its own row, and those that replay it: oldest first. */
  readonly rows: readonly RowEvidence[];
  /** Oldest first. */
  readonly errors: readonly ErrorEvidence[];
  readonly inbox: readonly InboxEvidence[];
  readonly copies: readonly CopyEvidence[];
  /** What people did to it; oldest first. */
  readonly actions: readonly ActionEvidence[];
  /** What its newest row waits behind, if that is not the first of its key. */
  readonly ahead: AheadEvidence | null;
  /** What its handlers have published, oldest first: the first hundred of it. */
  readonly caused: readonly CausedEvidence[];
}

export interface CausedEvidence {
  readonly messageId: string;
  readonly topicAlias: string;
  readonly key: string;
  readonly status: OutboxStatus;
  readonly at: number;
}

export interface RowEvidence extends Causality {
  readonly id: string;
  readonly status: OutboxStatus;
  readonly connection: string;
  readonly broker: string;
  readonly topicAlias: string;
  readonly topic: string;
  readonly tag: string | null;
  readonly key: string;
  readonly orderingKey: string | null;
  /** Whether it holds back younger rows of its key. */
  readonly holdsKey: boolean;
  readonly deliverAt: number | null;
  readonly settleGroup: string | null;
  readonly replayOf: string | null;
  readonly targetGroup: string | null;
  /** It sleeps behind an older one until it is woken. */
  readonly deferred: boolean;
  readonly brokerMessageId: string | null;
  readonly errorCode: string | null;
  readonly error: string | null;
  readonly startedCount: number;
  readonly failedCount: number;
  readonly maxAttempts: number;
  readonly leaseOwner: string | null;
  readonly dueAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly doneAt: number | null;
  readonly traceparent: string | null;
}

export interface ErrorEvidence extends Causality {
  readonly id: string;
  /** What failed: of `PRODUCE` the row of the outbox, of `CONSUME` the message. */
  readonly of: string;
  readonly direction: 'PRODUCE' | 'CONSUME';
  readonly topicAlias: string | null;
  readonly tag: string | null;
  readonly key: string | null;
  readonly group: string | null;
  readonly groupId: string | null;
  readonly attempt: number;
  readonly parked: boolean;
  readonly errorClass: string;
  readonly code: string;
  readonly message: string;
  readonly instance: string;
  readonly at: number;
  readonly resolution: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedAt: number | null;
  /** `null` also where an older version has written it down. */
  readonly decision: 'replayed' | 'discarded' | null;
}

export interface InboxEvidence {
  readonly groupId: string;
  readonly state: 'STARTED' | 'HANDLED' | 'PARKED';
  /** When its attempt began, or when it was parked. */
  readonly at: number;
}

export interface CopyEvidence {
  readonly groupId: string;
  readonly reason: CopyReason;
  readonly copies: number;
  readonly lastAt: number;
}

export interface CopyCount {
  readonly reason: CopyReason;
  readonly copies: number;
}

export interface ActionEvidence {
  readonly action: string;
  readonly actor: string;
  readonly reason: string;
  /** Of the rows and messages that it was done to; of many at once a part. */
  readonly ids: readonly string[];
  readonly at: number;
}

export interface AheadEvidence {
  /** The first unfinished or dead row of the key, as a message of its own. Its own `ahead` is `null`. */
  readonly head: MessageEvidence;
  /** That row. */
  readonly headId: string;
  /** Rows of the key that go before; 1,000 stands for that many or more. */
  readonly count: number;
}

/** Parked messages that failed in the same way: side, group, topic and code are the same. */
export interface LikeEvidence {
  readonly direction: 'PRODUCE' | 'CONSUME';
  readonly topicAlias: string | null;
  readonly group: string | null;
  readonly code: string;
  /** Nobody has decided about these. */
  readonly open: number;
  readonly decided: number;
  readonly last: { readonly resolution: string; readonly by: string; readonly at: number } | null;
}

export interface PauseEvidence {
  readonly connection: string;
  /** `topic:<alias>` or `group:<alias>`. */
  readonly target: string;
  readonly reason: string;
  readonly actor: string;
  readonly since: number;
  /** When it ends by itself. */
  readonly until: number | null;
}
