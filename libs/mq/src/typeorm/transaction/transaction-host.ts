/** What of `TransactionHost` of `@nestjs-cls/transactional` is used here. */
export interface TransactionHost {
  /** The current transaction, else what the adapter falls back to: with TypeORM the data source's own manager. */
  readonly tx: unknown;
  withTransaction<T>(propagation: string, work: () => Promise<T>): Promise<T>;
}

/** The hosts of an application, as they are now: they come to life with its providers, in any order with ours. */
export type TransactionHosts = () => readonly TransactionHost[];

/**
 * Whether this class makes hosts. By its shape and not by its identity: bundled into the application, or with a second copy of
 * the package in the tree, it is another one than an `import` would find here. Instances are not looked at: those of
 * other providers may be proxies that throw.
 */
export function isTransactionHostClass(candidate: unknown): boolean {
  const prototype = typeof candidate === 'function' ? (candidate.prototype as unknown) : null;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return ['tx', 'withTransaction', 'withoutTransaction'].every((member) => member in prototype);
}
