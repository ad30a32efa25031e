import type { Caution, Examination, FoundCheck, FoundColumn, OpenTransaction, Plan } from '../examination.js';
import { mysqlMend } from './mend.js';

type Row = Readonly<Record<string, unknown>>;
/** The largest body that a transport of this library takes is 4 MiB, and a row is more than its body. */
const LEAST_PACKET = 8 * 1_048_576;
/** In a table of a few rows every plan is as good as any other. */
const FEW_ROWS = 5_000;

const ours = (tables: readonly string[]): string =>
  `table_schema = COALESCE(?, DATABASE()) AND LOWER(table_name) IN (${tables.map(() => 'LOWER(?)').join(', ')})`;
/** With `lower_case_table_names` the server keeps lower case of what was written otherwise. */
const known = (tables: readonly string[], found: unknown): string =>
  tables.find((table) => table.toLowerCase() === text(found).toLowerCase()) ?? text(found);
const text = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString() : String(value as string));

export const mysqlExamination: Examination = {
  async columns(runner, schema, tables) {
    const rows = (await runner.query(
      `SELECT table_name AS tab, column_name AS col, column_type AS typ, collation_name AS coll, is_nullable AS nul,
         column_default AS def, extra AS ext FROM information_schema.columns WHERE ${ours(tables)}`,
      [schema, ...tables],
    )) as Row[];
    return rows.map((row): FoundColumn => ({
      table: known(tables, row['tab']),
      name: text(row['col']).toLowerCase(),
      type: normalType(text(row['typ'])),
      collation: row['coll'] === null ? null : text(row['coll']),
      nullable: text(row['nul']) === 'YES',
      hasDefault: row['def'] !== null || /auto_increment|default_generated|generated/i.test(text(row['ext'])),
    }));
  },

  async indexes(runner, schema, tables) {
    // All columns: whether the optimizer may use it is called `is_visible` by MySQL, and `ignored` by MariaDB.
    const rows = (await runner.query(
      `SELECT * FROM information_schema.statistics WHERE ${ours(tables)} ORDER BY table_name, index_name, seq_in_index`,
      [schema, ...tables],
    )) as Row[];
    const found = new Map<string, { table: string; name: string | null; usable: boolean; columns: string[] }>();
    for (const row of rows.map(upperCased)) {
      const [table, name] = [known(tables, row['TABLE_NAME']), text(row['INDEX_NAME'])];
      const usable = row['IS_VISIBLE'] !== 'NO' && row['IGNORED'] !== 'YES';
      const index = found.get(`${table}.${name}`) ?? {
        table,
        name: name === 'PRIMARY' ? null : name,
        usable,
        columns: [],
      };
      // `null` is what an index on an expression has.
      index.columns.push(text(row['COLUMN_NAME']).toLowerCase());
      found.set(`${table}.${name}`, index);
    }
    return [...found.values()];
  },

  async checks(runner, schema, tables) {
    const rows = (await runner.query(
      `SELECT * FROM information_schema.table_constraints WHERE constraint_type = 'CHECK' AND ${ours(tables)}`,
      [schema, ...tables],
    )) as Row[];
    return rows.map(upperCased).map((row): FoundCheck => ({
      table: known(tables, row['TABLE_NAME']),
      name: text(row['CONSTRAINT_NAME']),
      enforced: row['ENFORCED'] !== 'NO',
    }));
  },

  async cautions(runner) {
    const names = ['transaction_isolation', 'tx_isolation', 'log_bin', 'binlog_format', 'max_allowed_packet'];
    const rows = (await runner.query(
      `SHOW SESSION VARIABLES WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`,
    )) as Row[];
    return cautionsOf(new Map(rows.map((row) => [text(row['Variable_name']), text(row['Value'])])));
  },

  async openTransactions(runner, olderThanMs) {
    // `trx_started` is in the time of the server, whatever the time zone of the session is.
    const open = `TIMESTAMPDIFF(MICROSECOND, t.trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) / 1000`;
    const rows = (await runner.query(
      `SELECT t.trx_mysql_thread_id AS id, t.trx_state AS state, p.user AS user, ${open} AS open_ms
       FROM information_schema.innodb_trx AS t LEFT JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
       WHERE t.trx_mysql_thread_id <> CONNECTION_ID() AND ${open} > ? ORDER BY t.trx_started LIMIT 5`,
      [olderThanMs],
    )) as Row[];
    return rows.map((row): OpenTransaction => {
      const id = Number(row['id']);
      const user = row['user'] === null ? null : text(row['user']);
      return {
        session: `thread ${id}`,
        user,
        state: text(row['state']),
        openMs: Number(row['open_ms']),
        end: `KILL ${id};`,
      };
    });
  },

  async plan(runner, statement, parameters): Promise<Plan> {
    const rows = (await runner.query(`EXPLAIN FORMAT=TRADITIONAL ${statement}`, [...parameters])) as Row[];
    return {
      indexes: [...new Set(rows.flatMap(({ key }) => (key ? [text(key)] : [])))],
      readsWholeTable: rows.some(
        ({ type, table, rows: count }) =>
          text(type) === 'ALL' && !text(table).startsWith('<') && Number(count) > FEW_ROWS,
      ),
    };
  },

  // InnoDB keeps old versions apart from the rows; how many shows to administrators alone.
  deadRows: () => Promise.resolve([]),

  mend: mysqlMend,
};

function cautionsOf(settings: ReadonlyMap<string, string>): Caution[] {
  const found: Caution[] = [];
  const level = settings.get('transaction_isolation') ?? settings.get('tx_isolation');
  if (level === 'SERIALIZABLE') {
    found.push({
      setting: 'transaction_isolation',
      value: level,
      sentence:
        'every SELECT of a handler locks what it reads, so handlers and publishers wait for each other and deadlock',
      todo: `SET GLOBAL transaction_isolation = 'REPEATABLE-READ'; (MariaDB before 11.1: tx_isolation), and the same in the server's configuration`,
    });
  }
  const format = settings.get('binlog_format');
  if (settings.get('log_bin') === 'ON' && format === 'STATEMENT') {
    found.push({
      setting: 'binlog_format',
      value: format,
      sentence:
        'the relay works at READ COMMITTED, and InnoDB refuses to write at that level into a log of statements (1665)',
      todo: `SET GLOBAL binlog_format = 'ROW';, and the same in the server's configuration`,
    });
  }
  const packet = Number(settings.get('max_allowed_packet'));
  if (packet < LEAST_PACKET) {
    found.push({
      setting: 'max_allowed_packet',
      value: String(packet),
      sentence: 'a message near the limit of the broker does not fit into one statement, and publishing it fails',
      todo: `SET GLOBAL max_allowed_packet = ${2 * LEAST_PACKET};, and the same in the server's configuration`,
    });
  }
  return found;
}

/** MariaDB writes widths that mean nothing, and both write `boolean` as what it is. */
function normalType(type: string): string {
  if (type.startsWith('tinyint(1)')) return 'boolean';
  return type.replace(/^(int|bigint)\(\d+\)/, '$1');
}

/** MySQL names the columns of `information_schema` in upper case, whatever was asked for; MariaDB does not. */
function upperCased(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toUpperCase(), value]));
}
