import { Coalescer } from '../runtime/coalescer.js';
import type { LeasedRow } from '../store/outbox-row.js';
import type { MarkOutcome, SentMark } from '../store/outbox-store.js';
import { newLease } from './lease.js';
import type { RelayContext } from './relay-context.js';

const MARKS_AT_ONCE = 500;
const KEYS_AT_ONCE = 200;

/**
 * Marks the rows that the broker took, and promotes those that stood behind them. Both are coalesced: one statement is in
 * flight, the rest waits for the next, so a mark costs little under load and is not delayed without.
 */
export class Marker {
  private readonly marks: Coalescer<SentMark, MarkOutcome>;
  private readonly promotions: Coalescer<string, LeasedRow | null>;

  constructor({ store, budget, events, options, instance }: RelayContext) {
    const fate = options.retention.sentMs === 0 ? 'delete' : 'keep';
    this.marks = new Coalescer(async (marks) => {
      const outcomes = await store.markSent(marks, fate);
      outcomes.forEach((outcome, i) => {
        if (outcome === 'lost') events.emit('lease.lost', { messageId: marks[i]!.id, during: 'mark' });
      });
      return outcomes;
    }, MARKS_AT_ONCE);

    this.promotions = new Coalescer(async (keys) => {
      let woken: readonly LeasedRow[] = [];
      await budget.fill(
        async (bytes) => (woken = await store.promote([...new Set(keys)], newLease(instance, options), bytes)),
      );
      const byKey = new Map(woken.map((row) => [row.orderKey, row]));
      // A key asked for twice is answered once: its row must not be sent by two.
      return keys.map((key) => {
        const row = byKey.get(key) ?? null;
        byKey.delete(key);
        return row;
      });
    }, KEYS_AT_ONCE);
  }

  sent(mark: SentMark): Promise<MarkOutcome> {
    return this.marks.add(mark);
  }

  /** The row that was woken, leased to this process and held in its memory; to be called after what freed the key is committed. */
  promote(orderKey: string): Promise<LeasedRow | null> {
    return this.promotions.add(orderKey);
  }

  /** Resolves when no mark and no promotion is under way. */
  async whenIdle(): Promise<void> {
    await this.marks.whenIdle();
    await this.promotions.whenIdle();
  }
}
