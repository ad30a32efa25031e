import type { DataSource, QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { detectDialect } from '../dialects/detect-dialect.js';
import type { Dialect } from '../dialects/dialect.js';
import { raw, sql } from '../dialects/sql.js';
import { HeldConnections } from '../store/held-connections.js';
import { runSql } from '../store/run-sql.js';
import type { TablePlace } from '../table-names.js';
import { refuse, type SettingFinding } from './setting-finding.js';

/** Letters of two, three and four bytes, and what drivers escape. */
const TEXT = `a\u00e9\u4e2d\u{1f600} \\ ' "`;
const NUMBER = Number.MAX_SAFE_INTEGER;

/**
 * Looks whether the database and a connection to it are set up in a way in which messages arrive as they were published,
 * and exactly those of committed transactions: by their settings, which say what to change, and then by sending a text
 * there and back, which finds what no setting shows (`typeCast` and type parsers of the application). Writes nothing.
 *
 * @returns what should be changed but need not
 * @throws {MqError} `MQ_DATABASE_SETTINGS`, with all findings at once
 */
export async function checkDatabaseSettings(dataSource: DataSource, place: TablePlace): Promise<readonly string[]> {
  const dialect = detectDialect(dataSource);
  return new HeldConnections(dataSource).use(async (runner) => {
    // A schema that was named needs no guess.
    const options = dataSource.options as { schema?: string };
    const home = (place.schema ?? options.schema) ? undefined : dialect.home(dataSource);
    const found = await dialect.settings(runner, home);
    // Not while there are some: the driver's way of escaping may be what is wrong.
    const all = found.some(({ weight }) => weight === 'refuse') ? found : [...found, ...(await echo(runner, dialect))];
    const refused = all.filter(({ weight }) => weight === 'refuse').map(({ sentence }) => sentence);
    if (refused.length > 0) throw refusal(refused);
    return all.map(({ sentence }) => sentence);
  });
}

async function echo(runner: QueryRunner, dialect: Dialect): Promise<SettingFinding[]> {
  const statement = sql`SELECT v.said AS said, ${raw(String(NUMBER))} AS counted
    FROM ${dialect.relation('v', [{ name: 'said', type: 'text' }], [[TEXT]])}`;
  const [row] = (await runSql<{ said: unknown; counted: unknown }>(runner, dialect, statement)).rows;
  if (row?.said === TEXT && Number(row.counted) === NUMBER) return [];
  return [
    refuse(
      'a text or a number came back from the database as something else: look for typeCast, type parsers and charset in the ' +
        'options of the data source, and hand out texts as texts',
    ),
  ];
}

function refusal(findings: readonly string[]): MqError {
  return new MqError(
    'MQ_DATABASE_SETTINGS',
    `messages would be damaged or lost with this database as it is set up: ${findings.join('; ')}`,
    { details: { findings } },
  );
}
