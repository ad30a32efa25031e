import type { MessageStatus } from './admin-filter.js';

/** A message as an operator sees it. `id` is what `replay` takes. */
export interface AdminRecord {
  readonly id: string;
  readonly side: 'publish' | 'consume';
  readonly messageId: string;
  readonly topic: string;
  readonly group?: string;
  readonly tag?: string;
  readonly key: string;
  readonly status: MessageStatus;
  readonly attempts: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** When the row was written, database time. */
  readonly createdAt: Date;
  /** When it is due, for unfinished rows. */
  readonly dueAt?: Date;
  /** Id of the oldest row of its ordering key that goes before this one, while that is not done. */
  readonly blockedBy?: string;
  /** Why somebody replayed, discarded or cancelled it. */
  readonly resolution?: string;
}

/** An ordering key that a dead row holds back. */
export interface BlockedKey {
  /** Alias. */
  readonly topic: string;
  readonly orderingKey: string;
  /** The dead row: what `replay` and `discard` take. */
  readonly deadId: string;
  /** When it died, database time. */
  readonly since: Date;
  /** Rows behind it; 1,000 stands for "that many or more". */
  readonly waiting: number;
}
