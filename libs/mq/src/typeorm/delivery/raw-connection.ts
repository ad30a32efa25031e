import type { QueryRunner } from 'typeorm';

/**
 * The driver's connection under a query runner, for what must happen past TypeORM: it refuses every statement once a
 * query runner is marked released, which is exactly what keeps a late handler out.
 */
export interface RawConnection {
  /** Whether a statement is under way. */
  readonly isBusy: boolean;
  /** Runs a statement, behind those that the connection is still busy with. */
  execute(sql: string): Promise<void>;
  /**
   * Asks the server, on a connection outside of the pool, to end what this one is busy with: a server goes on with the
   * statement of a client that has gone, for hours if it must, and holds its locks. Does so until `signal` aborts, also
   * after `destroy`. Never rejects: who cannot be asked ends by itself, as before.
   */
  interrupt(signal: AbortSignal): Promise<void>;
  /** Closes the connection, whatever it is doing, and frees its slot in the pool. */
  destroy(reason: Error): void;
}

/** The two properties of a query runner that TypeORM declares read-only and that a delivery has to set. */
type Writable = { isReleased: boolean; isTransactionActive: boolean };

export function mark(runner: QueryRunner, state: Partial<Writable>): void {
  Object.assign(runner as Writable, state);
}
