import type { MqEvents } from '../events/event-bus.js';
import { Coalescer } from '../runtime/coalescer.js';
import type { LeaseRequest, LeasedRow } from '../store/outbox-row.js';
import type { MemoryBudget } from './memory-budget.js';
import type { MarkOutcome, OutboxStore, SentMark } from '../store/outbox-store.js';

const MARKS_AT_ONCE = 500;
const KEYS_AT_ONCE = 200;

/**
 * Writes down what the broker took, and wakes who stood behind it. Both are coalesced: one statement is in flight, the
 * rest waits for the next, so a mark costs little under load and is not delayed without.
 */
export class Marker {
  private readonly marks: Coalescer<SentMark, MarkOutcome>;
  private readonly promotions: Coalescer<string, LeasedRow | null>;

  constructor(store: OutboxStore<never>, newLease: () => LeaseRequest, budget: MemoryBudget, events: MqEvents) {
    this.marks = new Coalescer(async (marks) => {
      const outcomes = await store.markSent(marks);
      outcomes.forEach((outcome, i) => {
        if (outcome === 'lost') events.emit('lease.lost', { messageId: marks[i]!.id, during: 'mark' });
      });
      return outcomes;
    }, MARKS_AT_ONCE);

    this.promotions = new Coalescer(async (keys) => {
      let woken: readonly LeasedRow[] = [];
      await budget.fill(async (bytes) => (woken = await store.promote([...new Set(keys)], newLease(), bytes)));
      const byKey = new Map(woken.map((row) => [row.openKey, row]));
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
  promote(openKey: string): Promise<LeasedRow | null> {
    return this.promotions.add(openKey);
  }

  async idle(): Promise<void> {
    await this.marks.idle();
    await this.promotions.idle();
  }
}
