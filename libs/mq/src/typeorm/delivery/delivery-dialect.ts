import type { DataSource, QueryRunner } from 'typeorm';
import type { InboxRow } from './inbox-row.js';
import type { RawConnection } from './raw-connection.js';

/** Session settings of a delivery: applied first thing in its transaction, taken back after it. */
export interface SessionSettings {
  readonly apply: string;
  /** `null` where the end of the transaction does it. */
  readonly restore: string | null;
}

/** Where databases differ about a delivery, beyond what the `Dialect` of the layer knows. */
export interface DeliveryDialect {
  /** Bounds the wait for locks, until `enter` lifts the bound. */
  settings(lockWaitMs: number): SessionSettings;

  /** Inserts the row, `false` when there is one already. A copy in an open transaction is waited for. */
  insert(runner: QueryRunner, inbox: string, row: InboxRow): Promise<boolean>;

  /** `insert`, after which the handler's own statements wait for locks as long as the user says. */
  enter(runner: QueryRunner, inbox: string, row: InboxRow): Promise<boolean>;

  /** Ends the attempts of this data source's pool to make a connection, which may wait for a server without any limit. */
  stopConnecting(dataSource: DataSource): void;

  /** The driver's connection under a query runner. */
  connectionOf(runner: QueryRunner): Promise<RawConnection>;
}
