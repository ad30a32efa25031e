import type { EntityManager } from 'typeorm';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import type { LeaseRef, LeaseRequest, LeasedRow, NewOutboxRow } from '../../core/store/outbox-row.js';
import type {
  BlockedQuery,
  Claimed,
  ClaimRequest,
  ConfirmedRow,
  Lane,
  LaneState,
  MarkOutcome,
  OutboxStats,
  OutboxStore,
  OwnerState,
  PruneTarget,
  Reschedule,
  RowState,
  SentMark,
} from '../../core/store/outbox-store.js';
import { chunks, IDS_AT_ONCE } from './chunks.js';
import type { OwnConnections } from './own-connections.js';
import { claim, nextDueIn } from './sql/claim.js';
import { park, refund, reschedule } from './sql/give-up.js';
import { insertErrors } from './sql/insert-errors.js';
import { confirm, inspect, stats } from './sql/inspect.js';
import { markSent } from './sql/mark-sent.js';
import { blocked, defer, promote, wakeStranded } from './sql/order.js';
import { recentOwners, unfinishedLanes } from './sql/owners.js';
import { prune } from './sql/prune.js';
import { stage } from './sql/stage.js';

/**
 * The outbox in PostgreSQL, MySQL or MariaDB, over a TypeORM data source.
 *
 * Hand-written SQL: four statements carry all the load, and each is the way it is because another way was slower, or
 * locked what it should not. Every file under `sql/` says which and by how much.
 */
export class TypeOrmOutboxStore implements OutboxStore<EntityManager> {
  constructor(private readonly own: OwnConnections) {}

  stage(tx: EntityManager, rows: readonly NewOutboxRow[], lease: LeaseRequest): Promise<void> {
    return stage(tx, this.own.dialect, this.own.tables, rows, lease);
  }

  confirm(refs: readonly LeaseRef[]): Promise<(ConfirmedRow | null)[]> {
    return confirm(this.own, refs);
  }

  claim(request: ClaimRequest): Promise<Claimed> {
    return claim(this.own, request);
  }

  blocked(rows: readonly BlockedQuery[]): Promise<ReadonlySet<string>> {
    return blocked(this.own, rows);
  }

  defer(refs: readonly LeaseRef[], ms: number): Promise<void> {
    return defer(this.own, refs, ms);
  }

  promote(openKeys: readonly string[], lease: LeaseRequest, bytes: number): Promise<LeasedRow[]> {
    return promote(this.own, openKeys, lease, bytes);
  }

  wakeStranded(after: string, limit: number): Promise<string | null> {
    return wakeStranded(this.own, after, limit);
  }

  markSent(marks: readonly SentMark[]): Promise<MarkOutcome[]> {
    return markSent(this.own, marks);
  }

  reschedule(changes: readonly Reschedule[]): Promise<boolean[]> {
    return reschedule(this.own, changes);
  }

  park(ref: LeaseRef, error: ErrorEntry, options: { freeKey: boolean }): Promise<boolean> {
    return park(this.own, ref, error, options);
  }

  refund(ids: readonly string[]): Promise<void> {
    return refund(this.own, ids);
  }

  nextDueIn(lanes: readonly Lane[]): Promise<number | null> {
    return nextDueIn(this.own, lanes);
  }

  unfinishedLanes(): Promise<LaneState[]> {
    return unfinishedLanes(this.own);
  }

  recentOwners(): Promise<OwnerState[]> {
    return recentOwners(this.own);
  }

  inspect(ids: readonly string[]): Promise<ReadonlyMap<string, RowState>> {
    return inspect(this.own, ids);
  }

  async recordErrors(entries: readonly ErrorEntry[]): Promise<void> {
    for (const batch of chunks(entries, IDS_AT_ONCE)) {
      await this.own.write(insertErrors(this.own.dialect, this.own.tables, batch));
    }
  }

  prune(what: PruneTarget, olderThanMs: number, limit: number): Promise<number> {
    return prune(this.own, what, olderThanMs, limit);
  }

  stats(): Promise<OutboxStats> {
    return stats(this.own);
  }
}
