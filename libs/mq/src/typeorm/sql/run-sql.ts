import type { QueryRunner } from 'typeorm';
import type { Sql } from './sql.js';
import type { SqlSyntax } from './sql-syntax.js';

export interface SqlResult<Row> {
  readonly rows: Row[];
  /** Rows inserted, updated or deleted. */
  readonly affected: number;
  /** As the driver gave it. */
  readonly raw: unknown;
}

/**
 * Runs a statement on this query runner.
 *
 * Through TypeORM, so that its logging and its tracers see every statement. Named prepared statements of the drivers
 * would be faster in bulk, but its `query()` has no room for a name, and they break behind a pooler of connections.
 */
export async function runSql<Row = Record<string, unknown>>(
  runner: QueryRunner,
  syntax: Pick<SqlSyntax, 'placeholder'>,
  statement: Sql,
): Promise<SqlResult<Row>> {
  const { text, parameters } = statement.render(syntax);
  const result = await runner.query(text, parameters, true);
  return { rows: result.records as Row[], affected: result.affected ?? 0, raw: result.raw };
}
