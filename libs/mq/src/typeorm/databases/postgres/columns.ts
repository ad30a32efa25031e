import type { QueryRunner } from 'typeorm';

/**
 * `columnsOf` of the dialect. From `pg_class` and not from `information_schema`, which hides tables of other users, while
 * `CREATE TABLE IF NOT EXISTS` skips them. That skips views, sequences and indexes of the name, too, so they count as tables.
 *
 * By the name of the schema: temporary tables, and what the `search_path` of a session would find, are somewhere else.
 */
export async function postgresColumns(
  runner: QueryRunner,
  schema: string | null,
  tables: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = (await runner.query(
    `SELECT c.relname AS name, a.attname AS col FROM pg_catalog.pg_class AS c
     JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE n.nspname = COALESCE($1::name, current_schema()) AND c.relname = ANY($2::name[])`,
    [schema, tables],
  )) as { name: string; col: string | null }[];
  const columns = new Map<string, Set<string>>();
  for (const { name, col } of found) {
    const known = columns.get(name) ?? new Set();
    columns.set(name, col === null ? known : known.add(col));
  }
  return columns;
}
