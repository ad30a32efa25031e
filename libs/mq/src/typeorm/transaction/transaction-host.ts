import { isClassWith } from '../../core/runtime/is-class-with.js';

/** What of `TransactionHost` of `@nestjs-cls/transactional` is used here. */
export interface TransactionHost {
  /** The current transaction, else what the adapter falls back to: with TypeORM the data source's own manager. */
  readonly tx: unknown;
  withTransaction<T>(propagation: string, work: () => Promise<T>): Promise<T>;
}

/** The hosts of an application that exist now: Nest makes them with the providers, before or after ours. */
export type TransactionHosts = () => readonly TransactionHost[];

/** Whether this class makes hosts. */
export function isTransactionHostClass(candidate: unknown): boolean {
  return isClassWith(candidate, ['tx', 'withTransaction', 'withoutTransaction']);
}
