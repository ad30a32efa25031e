import type { Operation } from '../protocol/route.js';

/** Answers by operation and status; requests left without one under `reset` and `hang`. */
export type RequestCounts = Partial<Record<Operation, Record<string, number>>>;

export class RequestCounter {
  private readonly counts = new Map<Operation, Map<string, number>>();

  count(operation: Operation, outcome: number | 'reset' | 'hang'): void {
    let outcomes = this.counts.get(operation);
    if (!outcomes) this.counts.set(operation, (outcomes = new Map<string, number>()));
    const key = String(outcome);
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  }

  state(): RequestCounts {
    return Object.fromEntries([...this.counts].map(([operation, counts]) => [operation, Object.fromEntries(counts)]));
  }
}
