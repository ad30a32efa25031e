import type { DataSource, QueryRunner } from 'typeorm';
import { fullJitter } from '../../core/retry/backoff.js';
import type { Clock } from '../../core/runtime/clock.js';
import type { Random } from '../../core/runtime/random.js';
import { systemRandom } from '../../core/runtime/random.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import { closeConnection } from '../connection/clean-connection.js';
import type { Dialect } from '../databases/dialect.js';
import type { Sql } from '../sql/sql.js';
import type { TableNames } from '../sql/table-names.js';
import type { Reader } from './reader.js';
import { HeldConnections } from '../connection/held-connections.js';
import { runSql, type SqlResult } from '../sql/run-sql.js';

/** Runs a statement on some connection. */
export type Run = <Row = Record<string, unknown>>(statement: Sql) => Promise<SqlResult<Row>>;

const TRIES = 6;
const BACKOFF_MS = 10;
const BACKOFF_MAX_MS = 160;

/**
 * Runs the module's own statements: each call takes one connection from the pool, apart from every transaction of the
 * application.
 *
 * A call that fails because another transaction was in the way is tried again: each call is a transaction of its own, so
 * nothing of it was written.
 */
export class OwnConnections implements Reader {
  constructor(
    readonly dataSource: DataSource,
    readonly dialect: Dialect,
    readonly tables: TableNames,
    private readonly held: HeldConnections = new HeldConnections(dataSource),
    private readonly clock: Clock = systemClock,
    readonly random: Random = systemRandom,
  ) {}

  /** A SELECT without locks: what it reads is committed on every level, so none is set. One round trip. */
  read<Row>(statement: Sql): Promise<Row[]> {
    return this.onRunner(async (runner) => (await runSql<Row>(runner, this.dialect, statement)).rows);
  }

  /** One statement that writes, at READ COMMITTED. */
  write<Row>(statement: Sql): Promise<SqlResult<Row>> {
    return this.onRunner((runner) =>
      this.dialect.standalone(runner, () => runSql<Row>(runner, this.dialect, statement)),
    );
  }

  /**
   * One statement that writes a row which nobody else writes, on whatever level the session has: one round trip. It is made
   * when the connection is there.
   */
  writeOwnRow<Row>(statement: () => Sql): Promise<SqlResult<Row>> {
    return this.onRunner((runner) => runSql<Row>(runner, this.dialect, statement()));
  }

  /** Several statements in one transaction at READ COMMITTED. `work` may run more than once, and does nothing but SQL. */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.inTransaction(this.dialect.begin, work);
  }

  /** Several SELECTs that see the tables as of one moment. `work` may run more than once, and does nothing but read. */
  snapshot<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    const { dialect, tables } = this;
    return this.inTransaction(dialect.beginSnapshot, (run) =>
      work({ dialect, tables, read: async <Row>(statement: Sql) => (await run<Row>(statement)).rows }),
    );
  }

  private inTransaction<T>(begin: readonly string[], work: (run: Run) => Promise<T>): Promise<T> {
    return this.onRunner(async (runner) => {
      for (const statement of begin) await runner.query(statement);
      try {
        const result = await work((statement) => runSql(runner, this.dialect, statement));
        await runner.query('COMMIT');
        return result;
      } catch (error) {
        // A connection that cannot even roll back is closed, which rolls back as well; the first error tells more.
        await runner.query('ROLLBACK').catch(() => closeConnection(runner, this.dialect, 'its ROLLBACK failed'));
        throw error;
      }
    });
  }

  private async onRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.held.use(work);
      } catch (error) {
        if (attempt >= TRIES || !this.dialect.isContention(error)) throw error;
      }
      await this.clock.sleep(fullJitter(attempt, BACKOFF_MS, BACKOFF_MAX_MS, this.random));
    }
  }
}
