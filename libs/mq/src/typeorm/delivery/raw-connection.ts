import type { QueryRunner } from 'typeorm';

/**
 * The driver's connection under a query runner, for what must happen past TypeORM: it refuses every statement once a
 * query runner is marked released, which is exactly what keeps a late handler out.
 */
export interface RawConnection {
  /** Runs a statement, behind those that the connection is still busy with. */
  execute(sql: string): Promise<void>;
  /** Closes the connection, whatever it is doing, and frees its slot in the pool. */
  destroy(reason: Error): void;
}

/** The two properties of a query runner that TypeORM declares read-only and that a delivery has to set. */
type Writable = { isReleased: boolean; isTransactionActive: boolean };

export function mark(runner: QueryRunner, state: Partial<Writable>): void {
  Object.assign(runner as Writable, state);
}
