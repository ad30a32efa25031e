import type { QueryRunner } from 'typeorm';

/**
 * The driver's connection under a query runner, for what must happen past TypeORM: it refuses every statement once a
 * query runner is marked released, which is exactly what keeps a late handler out.
 */
export interface RawConnection {
  /** Whether a statement is under way. */
  readonly isBusy: boolean;
  /** Puts a statement into the driver's queue, at once. Nobody hears of its end. */
  send(text: string, parameters: readonly unknown[]): void;
  /** Runs a statement, behind those that the connection is still busy with. */
  execute(sql: string): Promise<void>;
  /**
   * Asks the server, on a connection outside of the pool, to end the statement of this one: a server goes on with the
   * statement of a client that has gone, for hours if need be, and holds its locks. Tries until `signal` aborts, also
   * after `destroy`. Never rejects: if the server cannot be asked, the statement ends by itself.
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
