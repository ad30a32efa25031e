import type { TransactionOutcome } from '../../core/publisher/transaction-context.js';

/**
 * A transaction of a database that consists of variables: what it is given to do happens at its commit, in order, or
 * never. *active* until it is committed, rolled back or cut off; from then on it takes nothing.
 */
export class MemoryTransaction {
  private state: 'active' | TransactionOutcome = 'active';
  private readonly writes: (() => void)[] = [];
  private readonly listeners: ((outcome: TransactionOutcome) => void)[] = [];

  get active(): boolean {
    return this.state === 'active';
  }

  /** Does this at the commit. */
  write(effect: () => void): void {
    if (!this.active) throw new Error(`the transaction is over (${this.state})`);
    this.writes.push(effect);
  }

  onEnd(listener: (outcome: TransactionOutcome) => void): void {
    this.listeners.push(listener);
  }

  commit(): void {
    if (!this.active) throw new Error(`the transaction is over (${this.state})`);
    for (const write of this.writes) write();
    this.end('committed');
  }

  rollBack(): void {
    if (this.active) this.end('rolled-back');
  }

  private end(outcome: TransactionOutcome): void {
    this.state = outcome;
    for (const listener of this.listeners.splice(0)) {
      try {
        listener(outcome);
      } catch {
        // As in a real database layer: a listener's failure is no failure of the transaction.
      }
    }
  }
}
