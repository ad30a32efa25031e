import type { Duration } from '../runtime/duration.js';
import type { OutboxStatus } from './outbox-row.js';

/** What an operator sees a message as. `PARKED`: a group gave it up. `RESOLVED`: dead or parked, and somebody has decided. */
export type MessageStatus = OutboxStatus | 'PARKED' | 'RESOLVED';

/** Which messages an operator means. Conditions are joined by "and". */
export interface MessageFilter {
  /** `publish`: rows of the outbox. `consume`: deliveries that a group has parked. Both unless set. */
  readonly side?: 'publish' | 'consume';
  readonly status?: MessageStatus;
  /** Aliases. */
  readonly topic?: string;
  /** Of the group that has parked it; finds nothing of the side `publish`. */
  readonly group?: string;
  /** With its suffix, as records show it. */
  readonly tag?: string;
  readonly key?: string;
  readonly messageId?: string;
  /** Code of its last failure. */
  readonly code?: string;
  /** Id of one of `errorGroups()`: what was parked with an error like those. */
  readonly errorGroup?: string;
  /** Published, or parked, at this time or later. By the database's clock, as the next two. */
  readonly since?: Date;
  /** Published, or parked, before this time. */
  readonly until?: Date;
  /** Published, or parked, this long ago at least. */
  readonly olderThan?: Duration;
}

export interface AdminFilter extends MessageFilter {
  /** Only rows that wait behind an older one of their ordering key. */
  readonly blocked?: true;
  /** Only rows that have been due for more than a minute and that nobody seems to send: those that `counts().orphans` counts. */
  readonly orphaned?: true;
  /** `id` of the last record of the page before: what follows it. */
  readonly before?: string;
  /** Newest first; 100 unless set, 1,000 at most. */
  readonly limit?: number;
}
