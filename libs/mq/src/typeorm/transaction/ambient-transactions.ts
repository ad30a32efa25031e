import type { EntityManager } from 'typeorm';

/** A library that keeps the current transaction of a data source in the async context. */
export interface AmbientTransactions {
  /** Of the package, for people. */
  readonly name: string;
  /** The manager of the innermost active transaction of the data source, `null` without one. */
  current(): EntityManager | null;
  /** Whether this library manages the data source. */
  manages(): boolean;
  /** Why `open` would not be joined by everything that the library decorates; `null` when nothing is wrong. */
  problem(): string | null;
  /** Runs `work` in a new transaction that `current` finds, and that everything the library decorates joins. */
  open<T>(work: () => Promise<T>): Promise<T>;
}
