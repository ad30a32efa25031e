import type { QueryRunner } from 'typeorm';
import { refuse, type SettingProblem, warn } from '../setting-problem.js';
import { refuseOldVersion } from './refuse-old-version.js';

const CHARSETS = ['character_set_client', 'character_set_connection', 'character_set_results'];
/** MariaDB and MySQL call some of them differently; SHOW leaves out what a server does not know. */
const LEVELS = ['transaction_isolation', 'tx_isolation'];
const READ_ONLY = ['transaction_read_only', 'tx_read_only'];
const NAMES = [...CHARSETS, ...LEVELS, ...READ_ONLY, 'sql_mode', 'autocommit', 'wsrep_on', 'version'];

const QUERY = `SHOW SESSION VARIABLES WHERE Variable_name IN (${NAMES.map((name) => `'${name}'`).join(', ')})`;

export async function mysqlSettings(runner: QueryRunner): Promise<readonly SettingProblem[]> {
  // As texts, whatever the application's `typeCast` makes of them.
  const rows = (await runner.query(QUERY)) as Record<string, unknown>[];
  const settings = new Map(rows.map(({ Variable_name: name, Value: value }) => [String(name), String(value)]));
  const is = (names: readonly string[], value: string): boolean => names.some((name) => settings.get(name) === value);
  const modes = new Set(settings.get('sql_mode')?.split(','));
  const found: SettingProblem[] = refuseOldVersion(settings.get('version'));

  const charsets = new Set(CHARSETS.map((name) => settings.get(name) ?? ''));
  if (charsets.size > 1 || !charsets.has('utf8mb4')) {
    found.push(
      refuse(
        `the connection speaks ${[...charsets].join(' and ')}, in which texts of messages would be damaged`,
        "set charset: 'utf8mb4' in the options of the data source, and leave out SET NAMES",
      ),
    );
  }
  if (modes.has('NO_BACKSLASH_ESCAPES')) {
    found.push(
      refuse(
        'sql_mode has NO_BACKSLASH_ESCAPES, but the driver escapes with backslashes, so a quote in a message would end its text',
        'take NO_BACKSLASH_ESCAPES out of sql_mode',
      ),
    );
  }
  if (is(['autocommit'], 'OFF')) {
    found.push(
      refuse(
        'autocommit is off, so a single statement stays uncommitted, with its locks',
        'set autocommit = 1 at the server, and take SET autocommit out of init_connect',
      ),
    );
  }
  if (is(LEVELS, 'READ-UNCOMMITTED')) {
    found.push(
      refuse(
        'the isolation level is READ UNCOMMITTED, at which a message may be read, and sent, whose transaction is rolled back later',
        'set transaction-isolation to READ-COMMITTED or stricter',
      ),
    );
  }
  if (is(READ_ONLY, 'ON')) {
    found.push(
      refuse('transactions are read-only by default', 'set transaction_read_only (MariaDB: tx_read_only) to 0'),
    );
  }
  if (!modes.has('STRICT_TRANS_TABLES') && !modes.has('STRICT_ALL_TABLES')) {
    found.push(
      warn('sql_mode is not strict, so what is too long for a column is cut without a word', 'add STRICT_TRANS_TABLES'),
    );
  }
  if (is(['wsrep_on'], 'ON')) found.push(...(await cluster(runner)));
  return found;
}

/** Galera certifies rows that were written; a row that was only locked is locked on its node alone. */
async function cluster(runner: QueryRunner): Promise<SettingProblem[]> {
  const [row] = (await runner.query(`SHOW STATUS LIKE 'wsrep_cluster_size'`)) as { Value: unknown }[];
  const size = Number(row && String(row.Value));
  if (!(size > 1)) return [];
  return [
    warn(
      `the server is one of ${size} nodes of a Galera cluster, where locks are those of one node, so messages of one ordering key may lose their order`,
      'let all publishers of ordered topics write to the same node',
    ),
  ];
}
