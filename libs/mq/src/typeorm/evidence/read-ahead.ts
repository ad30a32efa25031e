import { list, raw, sql } from '../sql/sql.js';
import type { Reader } from '../store/reader.js';
import { ROW_COLUMNS, type StatusRow } from './rows.js';

/** Counting stops here: behind a key that was blocked over a weekend stand hundreds of thousands. */
const MOST_COUNTED = 1_000;

export interface Ahead {
  readonly head: StatusRow;
  readonly count: number;
}

/** What these rows wait behind, by the ids of the rows. Those that are the first of their key are not there. */
export async function aheadOf(reader: Reader, rows: readonly StatusRow[]): Promise<ReadonlyMap<string, Ahead>> {
  const waiting = rows.filter(({ status, open_key: key }) => status === 'PENDING' && key !== null);
  const heads = await headsOf(reader, [...new Set(waiting.map((row) => row.open_key!))]);
  const result = new Map<string, Ahead>();
  for (const row of waiting) {
    const head = heads.get(row.open_key!);
    if (head === undefined || BigInt(head.seq) >= BigInt(row.seq)) continue;
    result.set(row.id, { head, count: await countBefore(reader, row) });
  }
  return result;
}

/** One probe of `ix_open` for each key, as a subquery in a list of columns: a join would be free to read all rows of a key. */
async function headsOf(reader: Reader, keys: readonly string[]): Promise<ReadonlyMap<string, StatusRow>> {
  if (keys.length === 0) return new Map();
  const { dialect, tables } = reader;
  const relation = dialect.relation(
    'k',
    [{ name: 'open_key', type: 'id' }],
    keys.map((key) => [key]),
  );
  const firsts = await reader.read<{ id: string | null }>(sql`
    SELECT (SELECT t.id FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_open')}
      WHERE t.open_key = k.open_key ORDER BY t.seq LIMIT 1) AS id FROM ${relation}`);
  const ids = firsts.flatMap(({ id }) => id ?? []);
  if (ids.length === 0) return new Map();
  const rows = await reader.read<StatusRow>(
    sql`SELECT ${raw(ROW_COLUMNS)} FROM ${raw(tables.statusLog)} AS t WHERE t.id IN (${list(ids)})`,
  );
  return new Map(rows.flatMap((row) => (row.open_key === null ? [] : [[row.open_key, row]])));
}

/** In the order of the index: for a key with many rows PostgreSQL would begin to read the table instead. */
async function countBefore(reader: Reader, { open_key: key, seq }: StatusRow): Promise<number> {
  const [row] = await reader.read<{ n: string | number }>(sql`
    SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM ${raw(reader.tables.statusLog)} AS t ${reader.dialect.useIndex(reader.tables, 'ix_open')}
      WHERE t.open_key = ${key} AND t.seq < ${seq} ORDER BY t.seq LIMIT ${MOST_COUNTED}) AS counted`);
  return Number(row!.n);
}
