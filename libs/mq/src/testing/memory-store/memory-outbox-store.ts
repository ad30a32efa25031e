import { MqError } from '../../core/errors/mq-error.js';
import type { Clock } from '../../core/runtime/clock.js';
import { groupBy } from '../../core/runtime/group-by.js';
import { systemClock } from '../../core/runtime/system-clock.js';
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
import { isDue, isUnfinished, toLeasedRow, type MemoryOutboxRow } from './memory-outbox-row.js';
import { MemoryStripes } from './memory-stripes.js';
import type { MemoryTransaction } from './memory-transaction.js';

/** An error row, and when somebody resolved it. */
export interface MemoryError {
  readonly entry: ErrorEntry;
  readonly createdAt: number;
  resolvedAt: number | null;
}

/**
 * {@link OutboxStore} without a database, for tests of applications. It passes the conformance suite that the real ones
 * pass; what it cannot show is what a database does under load.
 */
export class MemoryOutboxStore implements OutboxStore<MemoryTransaction> {
  /** Committed rows, by id. */
  readonly rows = new Map<string, MemoryOutboxRow>();
  readonly errors: MemoryError[] = [];
  private readonly stripes = new MemoryStripes();
  private lastSeq = 0n;

  constructor(private readonly clock: Clock = systemClock) {}

  async stage(tx: MemoryTransaction, rows: readonly NewOutboxRow[], lease: LeaseRequest): Promise<boolean> {
    await this.stripes.lock(
      tx,
      rows.flatMap((row) => row.orderKey ?? []),
    );
    if (!tx.active) throw new MqError('MQ_TRANSACTION_CLOSED', 'the transaction is over');
    for (const row of rows) {
      const staged = this.toRow(row, lease);
      tx.write(() => this.rows.set(staged.id, staged));
    }
    return true;
  }

  async confirm(refs: readonly LeaseRef[]): Promise<(ConfirmedRow | null)[]> {
    return refs.map((ref) => {
      const row = this.held(ref);
      return row ? { id: row.id, deliverAt: row.deliverAt, seq: String(row.seq) } : null;
    });
  }

  async claim({ lanes, limit, bytes, end, lease }: ClaimRequest): Promise<Claimed> {
    const now = this.clock.now();
    const due = this.inLanes(lanes)
      .filter((row) => isDue(row, now))
      .sort((a, b) => a.dueAt! - b.dueAt! || (a.id < b.id ? -1 : 1));
    if (end === 'youngest') due.reverse();
    let left = bytes;
    const taken = due.slice(0, Math.max(0, limit)).filter((row, i) => (left -= row.payloadBytes) >= 0 || i === 0);
    const rows = taken.map((row) => this.lease(row, lease));
    return { rows: end === 'youngest' ? rows.reverse() : rows, more: taken.length < due.length };
  }

  async blocked(rows: readonly BlockedQuery[]): Promise<ReadonlySet<string>> {
    const inHand = new Set(rows.map((row) => row.id));
    const older = (query: BlockedQuery): boolean =>
      this.openRows(query.orderKey).some((row) => row.seq < BigInt(query.seq) && !inHand.has(row.id));
    return new Set(rows.filter(older).map((row) => row.id));
  }

  async defer(refs: readonly LeaseRef[], ms: number): Promise<void> {
    for (const row of refs.map((ref) => this.held(ref))) {
      if (row) {
        this.release(row, { status: 'PENDING', deferred: true, dueAt: this.clock.now() + ms });
        row.startedCount--;
      }
    }
  }

  async promote(orderKeys: readonly string[], lease: LeaseRequest, bytes: number): Promise<LeasedRow[]> {
    let left = bytes;
    return [...new Set(orderKeys)].flatMap((key) => {
      const head = this.sleepingHead(key);
      if (!head) return [];
      if (head.payloadBytes > left) {
        this.wake(head);
        return [];
      }
      left -= head.payloadBytes;
      return [this.lease(head, lease)];
    });
  }

  async wakeStranded(after: string, limit: number): Promise<string | null> {
    const all = new Set([...this.rows.values()].flatMap((row) => row.orderKey ?? []));
    const keys = [...all]
      .filter((key) => key > after)
      .sort()
      .slice(0, limit);
    for (const head of keys.map((key) => this.sleepingHead(key))) if (head) this.wake(head);
    return keys.length < limit ? null : keys.at(-1)!;
  }

  async unfinishedLanes(): Promise<LaneState[]> {
    const unfinished = [...this.rows.values()].filter(isUnfinished);
    return [
      ...groupBy(unfinished, ({ connection, broker, topic }) => JSON.stringify([connection, broker, topic])).values(),
    ].map((rows) => {
      const { connection, broker, topic } = rows[0]!;
      const dueInMs = Math.min(...rows.map((row) => row.dueAt!)) - this.clock.now();
      return { connection, broker, topic, dueInMs, waiting: Math.min(rows.length, 1_000) };
    });
  }

  async recentOwners(): Promise<OwnerState[]> {
    const owners = groupBy([...this.rows.values()], ({ connection, broker }) => JSON.stringify([connection, broker]));
    return [...owners.values()].map((rows) => {
      const { connection, broker } = rows[0]!;
      return { connection, broker, publishedAgoMs: this.clock.now() - Math.max(...rows.map((row) => row.createdAt)) };
    });
  }

  async markSent(marks: readonly SentMark[], fate: 'keep' | 'delete' = 'keep'): Promise<MarkOutcome[]> {
    return marks.map((mark) => {
      if (fate === 'keep') return this.mark(mark);
      if (this.held(mark)?.settleGroup === null) this.rows.delete(mark.id);
      return this.rows.has(mark.id) ? this.mark(mark) : 'marked';
    });
  }

  async reschedule(changes: readonly Reschedule[]): Promise<boolean[]> {
    return changes.map((change) => {
      const row = this.held(change);
      if (!row) return false;
      this.release(row, { status: 'PENDING', dueAt: this.clock.now() + change.delayMs });
      if (change.counted) row.failedCount++;
      else row.startedCount--;
      const { error } = change;
      const mayHaveLeft = row.errorCode === 'MQ_OUTCOME_UNKNOWN' && error?.code !== 'MQ_OUTCOME_UNKNOWN';
      if (error && !mayHaveLeft) Object.assign(row, { errorCode: error.code, errorMessage: error.message });
      return true;
    });
  }

  async park(ref: LeaseRef, error: ErrorEntry, { freeKey }: { freeKey: boolean }): Promise<boolean> {
    const row = this.held(ref);
    if (!row) return false;
    this.release(row, { status: 'DEAD', dueAt: null, doneAt: this.clock.now(), failedCount: error.attempt });
    Object.assign(row, { errorCode: error.errorCode, errorMessage: error.message });
    if (freeKey) row.orderKey = null;
    await this.recordErrors([error]);
    return true;
  }

  async refund(ids: readonly string[]): Promise<void> {
    for (const row of ids.map((id) => this.rows.get(id))) {
      if (!row || (row.status !== 'PENDING' && row.status !== 'SENDING') || row.failedCount === 0) continue;
      row.failedCount--;
      row.startedCount--;
    }
  }

  async nextDueIn(lanes: readonly Lane[]): Promise<number | null> {
    const due = this.inLanes(lanes)
      .filter(isUnfinished)
      .map((row) => row.dueAt!);
    return due.length === 0 ? null : Math.min(...due) - this.clock.now();
  }

  async inspect(ids: readonly string[]): Promise<ReadonlyMap<string, RowState>> {
    const found = ids.flatMap((id) => this.rows.get(id) ?? []);
    return new Map(found.map((row) => [row.id, { ...row }]));
  }

  async recordErrors(entries: readonly ErrorEntry[]): Promise<void> {
    const createdAt = this.clock.now();
    this.errors.push(...entries.map((entry) => ({ entry, createdAt, resolvedAt: null })));
  }

  /** Without an inbox: that of a delivery store in memory is its own. */
  async prune(what: PruneTarget, olderThanMs: number, limit: number): Promise<number> {
    const before = this.clock.now() - olderThanMs;
    if (what === 'sent') {
      const old = [...this.rows.values()].filter((row) => row.doneAt !== null && row.doneAt <= before);
      const gone = old.filter((row) => row.status !== 'DEAD' || this.isResolved(row)).slice(0, limit);
      for (const row of gone) this.rows.delete(row.id);
      return gone.length;
    }
    if (what === 'inbox') return 0;
    const gone = this.errors.filter((error) => this.isSpent(error, before)).slice(0, limit);
    for (const error of gone) this.errors.splice(this.errors.indexOf(error), 1);
    return gone.length;
  }

  async stats(): Promise<OutboxStats> {
    const byStatus = { PENDING: 0, SENDING: 0, ACCEPTED: 0, SENT: 0, DEAD: 0, CANCELLED: 0 };
    for (const row of this.rows.values()) if (row.status !== 'DEAD' || !this.isResolved(row)) byStatus[row.status]++;
    const parked = this.errors.filter(({ entry, resolvedAt }) => entry.parked && resolvedAt === null);
    const due = [...this.rows.values()].filter(isUnfinished).map((row) => row.dueAt!);
    return {
      byStatus,
      parkedDeliveries: parked.filter(({ entry }) => entry.direction === 'CONSUME').length,
      overdueMs: due.length === 0 ? 0 : Math.max(0, this.clock.now() - Math.min(...due)),
    };
  }

  private toRow({ deliver, leased, ...message }: NewOutboxRow, lease: LeaseRequest): MemoryOutboxRow {
    const now = this.clock.now();
    const deliverAt = deliver === null ? null : 'at' in deliver ? deliver.at : now + deliver.inMs;
    const due = deliverAt === null ? now : Math.max(now, deliverAt - message.horizonMs);
    return {
      ...message,
      deliverAt,
      createdAt: now,
      seq: ++this.lastSeq,
      status: leased ? 'SENDING' : 'PENDING',
      dueAt: leased ? now + lease.ms : due,
      leaseToken: leased ? lease.token : null,
      leaseOwner: leased ? lease.owner : null,
      deferred: false,
      startedCount: leased ? 1 : 0,
      failedCount: 0,
      brokerMessageId: null,
      errorCode: null,
      errorMessage: null,
      doneAt: null,
    };
  }

  private lease(row: MemoryOutboxRow, { token, owner, ms }: LeaseRequest): LeasedRow {
    if (row.status === 'ACCEPTED') {
      row.failedCount++;
      row.errorCode = 'MQ_OUTCOME_UNKNOWN';
    }
    row.startedCount++;
    const dueAt = this.clock.now() + ms;
    Object.assign(row, { status: 'SENDING', leaseToken: token, leaseOwner: owner, dueAt, deferred: false });
    return toLeasedRow(row);
  }

  private mark(mark: SentMark): MarkOutcome {
    const row = this.held(mark);
    if (!row) {
      const found = this.rows.get(mark.id);
      return found && found.settleGroup !== null && !isUnfinished(found) ? 'settled' : 'lost';
    }
    const now = this.clock.now();
    const { brokerMessageId } = mark;
    if (row.settleGroup === null) this.release(row, { status: 'SENT', dueAt: null, doneAt: now, brokerMessageId });
    else {
      const dueAt = Math.max(now, row.deliverAt ?? 0) + (row.settleWithinMs ?? 0);
      this.release(row, { status: 'ACCEPTED', dueAt, brokerMessageId });
    }
    row.orderKey = null;
    return 'marked';
  }

  /** The fence: the row, if it is still leased under this token. */
  private held({ id, token }: LeaseRef): MemoryOutboxRow | undefined {
    const row = this.rows.get(id);
    return row?.leaseToken === token ? row : undefined;
  }

  private release(row: MemoryOutboxRow, change: Partial<MemoryOutboxRow>): void {
    Object.assign(row, { leaseToken: null, leaseOwner: null, ...change });
  }

  private inLanes(lanes: readonly Lane[]): MemoryOutboxRow[] {
    const isIn = (row: Lane) => (lane: Lane) =>
      lane.connection === row.connection && lane.broker === row.broker && lane.topic === row.topic;
    return [...this.rows.values()].filter((row) => lanes.some(isIn(row)));
  }

  private sleepingHead(orderKey: string): MemoryOutboxRow | undefined {
    const [head] = this.openRows(orderKey);
    return head?.status === 'PENDING' && head.deferred ? head : undefined;
  }

  private wake(row: MemoryOutboxRow): void {
    Object.assign(row, { dueAt: this.clock.now(), deferred: false });
  }

  private openRows(orderKey: string): MemoryOutboxRow[] {
    return [...this.rows.values()].filter((row) => row.orderKey === orderKey).sort((a, b) => (a.seq < b.seq ? -1 : 1));
  }

  private isResolved(row: MemoryOutboxRow): boolean {
    const parked = this.errors.filter(({ entry }) => entry.parked && entry.messageId === row.id);
    return parked.length > 0 && parked.every((error) => error.resolvedAt !== null);
  }

  private isSpent({ entry, createdAt, resolvedAt }: MemoryError, before: number): boolean {
    if (!entry.parked) return createdAt <= before;
    return resolvedAt !== null && resolvedAt <= before && this.rows.get(entry.messageId!)?.status !== 'DEAD';
  }
}
