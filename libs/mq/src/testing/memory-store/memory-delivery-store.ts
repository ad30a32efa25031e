import type { Clock } from '../../core/runtime/clock.js';
import { deferred } from '../../core/runtime/deferred.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import {
  type AwaitedRow,
  type CopyReason,
  InboxContention,
  type DeliveryStore,
  type DeliveryTransaction,
  type InboxHolds,
  type ParkOptions,
} from '../../core/store/delivery-store.js';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import type { MemoryOutboxRow } from './memory-outbox-row.js';
import { MemoryOutboxStore } from './memory-outbox-store.js';
import { memoryDelivery } from './memory-transaction-context.js';
import { MemoryTransaction } from './memory-transaction.js';

interface InboxRow {
  readonly state: 'handled' | 'parked';
  readonly token: string;
  readonly digest: number | null;
}

/**
 * {@link DeliveryStore} without a database, for tests of handlers. Keeps every rule that the port states: effects of a
 * handler happen at the commit only, a second copy waits for the first, a severed transaction takes nothing.
 */
export class MemoryDeliveryStore implements DeliveryStore<MemoryTransaction> {
  readonly errors: ErrorEntry[] = [];
  readonly copies: { readonly groupId: string; readonly messageId: string; readonly reason: CopyReason }[] = [];
  private readonly inbox = new Map<string, InboxRow>();
  /** Inbox rows of transactions that are still open, and when they end. */
  private readonly locks = new Map<string, Promise<void>>();

  /** @param outbox whose status rows deliveries settle */
  constructor(
    private readonly clock: Clock = systemClock,
    readonly outbox = new MemoryOutboxStore(clock),
  ) {}

  /** Takes effect at once, as a statement outside of a transaction does. */
  get handleWithoutTransaction(): MemoryTransaction {
    return new AutocommitHandle();
  }

  async transact<T>(
    { lockWaitMs }: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<MemoryTransaction>) => Promise<T>,
  ): Promise<T> {
    const tx = new MemoryTransaction();
    const entered = new Map<string, InboxRow>();
    const delivery: DeliveryTransaction<MemoryTransaction> = {
      handle: tx,
      enterInbox: async (groupId, messageId, token, digest = null) => {
        const key = keyOf(groupId, messageId);
        await this.unlocked(key, lockWaitMs);
        const found = this.inbox.get(key);
        if (found) return holdsOf(found, digest);
        const row: InboxRow = { state: 'handled', token, digest };
        entered.set(key, row);
        this.lock(key, tx);
        tx.write(() => this.inbox.set(key, row));
        return 'entered';
      },
      settleRow: async (awaited, brokerMessageId) => tx.write(() => this.settle(awaited, brokerMessageId)),
      enterInboxAll: async (groupId, rows, token) => {
        const ids = new Set<string>();
        for (const { messageId, digest } of rows) {
          if ((await delivery.enterInbox(groupId, messageId, token, digest)) === 'entered') ids.add(messageId);
        }
        return ids;
      },
      markHandled: async (groupId, messageId, token) =>
        tx.active && entered.get(keyOf(groupId, messageId))?.token === token,
      markAllHandled: async (groupId, messageIds, token) => {
        const marked = await Promise.all(messageIds.map((id) => delivery.markHandled(groupId, id, token)));
        return marked.every(Boolean);
      },
      sever: () => tx.rollBack(),
    };
    try {
      const result = await memoryDelivery.run(tx, () => work(delivery));
      tx.commit();
      return result;
    } finally {
      tx.rollBack();
    }
  }

  probe(): Promise<void> {
    return Promise.resolve();
  }

  async countFailures(groupId: string, messageId: string): Promise<number> {
    return this.errors.filter((entry) => entry.groupId === groupId && entry.messageId === messageId).length;
  }

  async recordFailure(entry: ErrorEntry): Promise<void> {
    this.errors.push(entry);
  }

  async park(entry: ErrorEntry, { inbox, awaited, digest = null }: ParkOptions): Promise<'written' | InboxHolds> {
    const key = keyOf(entry.groupId!, entry.messageId!);
    if (inbox) {
      await this.locks.get(key);
      const found = this.inbox.get(key);
      if (found) return holdsOf(found, digest);
      this.inbox.set(key, { state: 'parked', token: '', digest });
    }
    this.errors.push(entry);
    const { errorCode, message: errorMessage } = entry;
    const waiting = awaited && this.waitingRow(awaited);
    if (waiting && waiting.status !== 'DEAD') this.finish(waiting, { status: 'DEAD', errorCode, errorMessage });
    return 'written';
  }

  async countCopy(groupId: string, messageId: string, reason: CopyReason): Promise<void> {
    this.copies.push({ groupId, messageId, reason });
  }

  async settleHandled(awaited: AwaitedRow, brokerMessageId: string): Promise<void> {
    this.settle(awaited, brokerMessageId);
  }

  private settle(awaited: AwaitedRow, brokerMessageId: string): void {
    const row = this.waitingRow(awaited);
    if (row) this.finish(row, { status: 'SENT', brokerMessageId });
  }

  private finish(row: MemoryOutboxRow, change: Partial<MemoryOutboxRow>): void {
    const doneAt = this.clock.now();
    Object.assign(
      row,
      { leaseToken: null, leaseOwner: null, dueAt: null, orderKey: null, deferred: false, doneAt },
      change,
    );
  }

  private waitingRow({ id, messageId, group }: AwaitedRow): MemoryOutboxRow | undefined {
    const row = this.outbox.rows.get(id);
    const waits = row && (row.replayOf ?? row.id) === messageId && row.settleGroup === group;
    return waits && row.status !== 'SENT' && row.status !== 'CANCELLED' ? row : undefined;
  }

  private lock(key: string, tx: MemoryTransaction): void {
    const { promise, resolve } = deferred<void>();
    this.locks.set(key, promise);
    tx.onEnd(() => {
      this.locks.delete(key);
      resolve();
    });
  }

  private async unlocked(key: string, lockWaitMs: number): Promise<void> {
    if (!this.locks.has(key)) return;
    const enough = new AbortController();
    const limit = this.clock.sleep(lockWaitMs, enough.signal).then(() => 'limit' as const);
    try {
      for (let lock = this.locks.get(key); lock; lock = this.locks.get(key)) {
        if ((await Promise.race([lock, limit])) === 'limit') {
          throw new InboxContention('a copy of the message is being handled');
        }
      }
    } finally {
      enough.abort();
    }
  }
}

/** What it is given to do happens at once. */
class AutocommitHandle extends MemoryTransaction {
  override get active(): boolean {
    return false;
  }

  override write(effect: () => void): void {
    effect();
  }
}

function keyOf(groupId: string, messageId: string): string {
  return `${groupId}\n${messageId}`;
}

/** Nothing is committed here before the end of an attempt, so nothing is ever half done. */
function holdsOf({ state, digest: theirs }: InboxRow, digest: number | null): InboxHolds {
  return theirs !== null && digest !== null && theirs !== digest ? 'other' : state;
}
