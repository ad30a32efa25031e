import type { QueryRunner } from 'typeorm';
import { refuse, type SettingProblem } from '../setting-problem.js';

const QUERY = `SELECT current_setting('server_encoding') AS server_encoding, current_setting('client_encoding') AS client_encoding,
  current_setting('transaction_read_only') AS read_only, pg_is_in_recovery()::text AS replica,
  current_setting('server_version') AS version, current_setting('server_version_num') AS version_number`;
/** Claims are written as CTEs that are MATERIALIZED, which older ones do not know. As `server_version_num` writes it. */
const OLDEST = 120_000;

type Settings = {
  readonly [
    name in 'server_encoding' | 'client_encoding' | 'read_only' | 'replica' | 'version' | 'version_number'
  ]: string;
};

export async function postgresSettings(
  runner: QueryRunner,
  defaultSchema: string | null | undefined,
): Promise<readonly SettingProblem[]> {
  const [settings] = (await runner.query(QUERY)) as [Settings];
  return [...judge(settings), ...(defaultSchema === undefined ? [] : await unstableSchema(runner, defaultSchema))];
}

function judge({
  server_encoding: server,
  client_encoding: client,
  read_only,
  replica,
  version,
  version_number,
}: Settings): SettingProblem[] {
  const found: SettingProblem[] = [];
  if (Number(version_number) < OLDEST) {
    found.push(refuse(`the server is PostgreSQL ${version}`, 'PostgreSQL 12 or newer is needed'));
  }
  if (server !== 'UTF8') {
    found.push(
      refuse(
        `the encoding of the database is ${server}, which cannot hold every message, or counts bytes as characters`,
        `keep messages in a database made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
      ),
    );
  }
  if (client !== 'UTF8') {
    found.push(
      refuse(
        `client_encoding of the connection is ${client}, but the driver reads and writes UTF-8`,
        'take client_encoding out of the options of the data source, and out of ALTER ROLE and ALTER DATABASE',
      ),
    );
  }
  if (replica === 'true') {
    found.push(refuse('the server is a replica, which takes no writes', 'connect to its primary'));
  } else if (read_only === 'on') {
    found.push(
      refuse(
        'transactions are read-only by default',
        'take default_transaction_read_only out of the options of the connection, ' +
          'or set it off at the role (ALTER ROLE … SET default_transaction_read_only = off)',
      ),
    );
  }
  return found;
}

/**
 * Checks that connections begin in the schema that TypeORM found on its first connection. Behind a pooler that may be a
 * session in which another client has left a `search_path`: the schema of the tables would change from start to start.
 */
async function unstableSchema(runner: QueryRunner, defaultSchema: string | null): Promise<SettingProblem[]> {
  await runner.startTransaction();
  try {
    await runner.query('SET LOCAL search_path TO DEFAULT');
    const [row] = (await runner.query('SELECT current_schema()::text AS schema')) as [{ schema: string | null }];
    if (row.schema === defaultSchema) return [];
    return [
      refuse(
        `the first connection worked in the schema ${defaultSchema ?? '(none)'}, but connections begin in ${row.schema ?? '(none)'}`,
        `say which one holds the tables, with tables: { schema: '${row.schema ?? 'public'}' } in the options of MqModule`,
      ),
    ];
  } finally {
    await runner.rollbackTransaction();
  }
}
