import type { DataSource, QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { detectDialect } from '../databases/detect-dialect.js';
import type { Dialect } from '../databases/dialect.js';
import { raw, sql } from '../sql/sql.js';
import { HeldConnections } from '../connection/held-connections.js';
import { runSql } from '../sql/run-sql.js';
import type { TableLocation } from '../sql/table-names.js';
import { refuse, type SettingProblem } from '../databases/setting-problem.js';

/** Letters of two, three and four bytes, and what drivers escape. */
const TEXT = `a\u00e9\u4e2d\u{1f600} \\ ' "`;
const NUMBER = Number.MAX_SAFE_INTEGER;

/**
 * Checks that the database and a connection to it are set up so that messages arrive as they were published, and exactly
 * those of committed transactions. First it reads settings, which say what to change; then it sends a text there and back,
 * which finds what no setting shows (`typeCast` and type parsers of the application). Writes nothing.
 *
 * @returns what should be changed but need not
 * @throws {MqError} `MQ_DATABASE_SETTINGS`, with all problems at once
 */
export async function checkDatabaseSettings(
  dataSource: DataSource,
  location: TableLocation,
): Promise<readonly string[]> {
  const found = await findSettingProblems(dataSource, location);
  const refused = found.filter(isRefused).map(({ sentence }) => sentence);
  if (refused.length > 0) throw refusal(refused);
  return found.map(({ sentence }) => sentence);
}

/** The same without a judgement. */
export async function findSettingProblems(
  dataSource: DataSource,
  location: TableLocation,
): Promise<readonly SettingProblem[]> {
  const dialect = detectDialect(dataSource);
  return new HeldConnections(dataSource).use(async (runner) => {
    // The schema is checked only if it was not named.
    const options = dataSource.options as { schema?: string };
    const defaultSchema = (location.schema ?? options.schema) ? undefined : dialect.defaultSchema(dataSource);
    const found = await dialect.checkSettings(runner, defaultSchema);
    // Only if no setting is refused: what is wrong may be how the driver escapes.
    return found.some(isRefused) ? found : [...found, ...(await echo(runner, dialect))];
  });
}

async function echo(runner: QueryRunner, dialect: Dialect): Promise<SettingProblem[]> {
  const statement = sql`SELECT v.said AS said, ${raw(String(NUMBER))} AS counted
    FROM ${dialect.relation('v', [{ name: 'said', type: 'text' }], [[TEXT]])}`;
  const [row] = (await runSql<{ said: unknown; counted: unknown }>(runner, dialect, statement)).rows;
  if (row?.said === TEXT && Number(row.counted) === NUMBER) return [];
  return [
    refuse(
      'a text or a number came back from the database as something else',
      'look for typeCast, type parsers and charset in the options of the data source, and hand out texts as texts',
    ),
  ];
}

const isRefused = ({ severity }: SettingProblem): boolean => severity === 'refuse';

function refusal(problems: readonly string[]): MqError {
  return new MqError(
    'MQ_DATABASE_SETTINGS',
    `messages would be damaged or lost with this database as it is set up: ${problems.join('; ')}`,
    { details: { problems } },
  );
}
