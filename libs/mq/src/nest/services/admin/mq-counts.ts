import type { Orphans } from '../../../core/relay/orphan-watch.js';
import type { BlockedKey } from '../../../core/store/admin-record.js';
import type { CopyCount } from '../../../core/store/evidence-store.js';
import type { OutboxStats } from '../../../core/store/outbox-store.js';
import type { GroupCounts } from './group-counts.js';
import type { TopicCounts } from './topic-counts.js';

export interface MqCounts extends OutboxStats {
  /** The outbox by topic: those that are configured here, and those of which it has messages. */
  readonly topics: readonly TopicCounts[];
  /** By group and topic: what is configured here, what some process reads, and what has parked messages. */
  readonly groups: readonly GroupCounts[];
  /** Ordering keys that wait behind a dead message, the longest blocked first, 100 at most. */
  readonly blockedKeys: readonly BlockedKey[];
  /** Messages that have been due for more than a minute, and that this process cannot send: nobody else seems to, either. */
  readonly orphans: readonly Orphans[];
  /** Copies of messages that were acknowledged without running a handler, for as long as the inbox is kept. */
  readonly copies: readonly CopyCount[];
}
