import type { QueryRunner } from 'typeorm';

interface Found {
  readonly db: string;
  readonly name: string;
  readonly col: string;
  readonly folded: unknown;
}

/** `columnsOf` of the dialect. A table of which this user may see nothing is not found, and no statement could use it. */
export async function mysqlColumns(
  runner: QueryRunner,
  schema: string | null,
  tables: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = (await runner.query(
    `SELECT table_schema AS db, table_name AS name, column_name AS col, @@lower_case_table_names AS folded
     FROM information_schema.columns
     WHERE table_schema = COALESCE(?, DATABASE()) AND table_name IN (${tables.map(() => '?').join(', ')})`,
    [schema, ...tables],
  )) as Found[];
  const columns = new Map<string, Set<string>>();
  for (const { db, name, col, folded } of found) {
    // The catalogue of MariaDB ignores case even where the server takes `a` and `A` for two tables.
    const same = (one: string, other: string): boolean =>
      Number(folded) === 0 ? one === other : one.toLowerCase() === other.toLowerCase();
    const table = tables.find((wanted) => same(wanted, name));
    if (table === undefined || (schema !== null && !same(schema, db))) continue;
    // In names of columns no server tells case.
    columns.set(table, (columns.get(table) ?? new Set()).add(col.toLowerCase()));
  }
  return columns;
}
