import { runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { useTestDatabase } from '../support/database.js';
import { allPages, readPage, tableRows } from '../support/pages.js';

const MESSAGE_TABLES = ['mq_status_log', 'mq_error_log', 'mq_inbox', 'mq_order_stripe'];
const OPERATION_TABLES = ['mq_node', 'mq_pause', 'mq_action', 'mq_copy', 'mq_duty'];
const TABLES = [...MESSAGE_TABLES, ...OPERATION_TABLES, 'mq_migrations'];

describe('docs/reference/schema.md', () => {
  const page = readPage('docs/reference/schema.md');
  const db = useTestDatabase();

  beforeAll(async () => {
    await runMqMigrations(await db.connect());
  });

  it('describes the tables that a migrated database has', async () => {
    const rows = await db.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([...TABLES].sort());
    expect(page.headings.filter((heading) => heading.startsWith('mq_'))).toEqual(TABLES);
  });

  it('and the guides have SQL that these tables understand', async () => {
    const statements = allPages().flatMap(({ fences }) => fences.filter(({ language }) => language === 'sql'));
    expect(statements.length).toBeGreaterThan(1);
    for (const { code } of statements) {
      // These pages say that nothing is changed by hand.
      expect(code).toMatch(/^SELECT /);
      await db.query(code);
    }
  });

  it.each(TABLES)('has the columns of %s', async (table) => {
    const rows = await db.query<Record<string, string | null>>(
      `SELECT column_name, data_type, character_maximum_length AS length, is_nullable
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`,
      [table],
    );
    const actual = rows.map(({ column_name, data_type, length, is_nullable }) => ({
      name: column_name,
      type: length === null ? data_type : `varchar(${length})`,
      nullable: is_nullable === 'YES',
    }));
    const column = `Column of ${table}`;
    const documented = tableRows(page, column).map((row) => ({
      name: code(row[column]!),
      type: row['Type'],
      nullable: row['Null'] === 'yes',
    }));
    expect(documented).toEqual(actual);
  });

  it.each(TABLES)('has the constraints and indexes of %s', async (table) => {
    const rows = await db.query<{ name: string; kind: string }>(
      `SELECT conname AS name, CASE contype WHEN 'p' THEN 'primary key' WHEN 'c' THEN 'check' ELSE contype::text END AS kind
         FROM pg_constraint WHERE conrelid = $1::regclass AND contype <> 'n'
       UNION ALL
       SELECT i.relname, 'index' FROM pg_index JOIN pg_class i ON i.oid = indexrelid
         WHERE indrelid = $1::regclass AND NOT indisprimary`,
      [table],
    );
    const column = `Rule of ${table}`;
    const documented = tableRows(page, column).map((row) => `${code(row[column]!)}: ${row['Kind']}`);
    expect(documented.sort()).toEqual(rows.map(({ name, kind }) => `${name}: ${kind}`).sort());
  });
});

const code = (cell: string): string => cell.replaceAll('`', '');
