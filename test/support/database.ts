import { randomBytes } from 'node:crypto';
import { DataSource, type DataSourceOptions } from 'typeorm';

/** A database of its own for one spec file, and data sources on it. */
export interface TestDatabase {
  /** `PostgreSQL` or `MariaDB`, for titles. */
  readonly name: 'PostgreSQL' | 'MariaDB';
  /** `postgres://…/<database>`. Known once `beforeAll` has run. */
  readonly url: string;
  readonly options: DataSourceOptions;
  /** An initialized data source, destroyed after the file's tests. */
  connect(options?: Partial<DataSourceOptions>): Promise<DataSource>;
  /** One statement on a connection outside of every pool of the tests. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}

interface Server {
  readonly name: TestDatabase['name'];
  readonly url: string | undefined;
  readonly type: 'postgres' | 'mysql';
}

const SERVERS: readonly Server[] = [
  { name: 'PostgreSQL', url: process.env['MQ_TEST_POSTGRES_URL'], type: 'postgres' },
  { name: 'MariaDB', url: process.env['MQ_TEST_MYSQL_URL'], type: 'mysql' },
];

/**
 * Runs a block of tests on each database that is there. One that is missing was announced when the run began, and
 * under `CI` the run did not begin.
 *
 * @param only for what one kind of database alone can show
 */
export function describeDatabases(
  title: string,
  block: (db: TestDatabase) => void,
  only: readonly TestDatabase['name'][] = ['PostgreSQL', 'MariaDB'],
): void {
  for (const server of SERVERS.filter(({ url, name }) => url !== undefined && only.includes(name))) {
    describe(`${title} (${server.name})`, () => block(useDatabase(server)));
  }
}

/** A database for the tests of this `describe`, created before and dropped after them. */
export function useTestDatabase(name: TestDatabase['name'] = 'PostgreSQL'): TestDatabase {
  const server = SERVERS.find((one) => one.name === name);
  if (!server?.url)
    throw new Error(`no ${name} for the tests: run them through jest.config.mjs, whose global setup looks for one`);
  return useDatabase(server);
}

function useDatabase({ name, url: serverUrl, type }: Server): TestDatabase {
  const database = `mq_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(serverUrl!);
  url.pathname = `/${database}`;
  const options = { type, url: url.href } as DataSourceOptions;
  const open = new Set<DataSource>();
  let outside: DataSource;

  const connect = async (more: Partial<DataSourceOptions> = {}): Promise<DataSource> => {
    const dataSource = await new DataSource({ ...options, ...more } as DataSourceOptions).initialize();
    open.add(dataSource);
    return dataSource;
  };

  beforeAll(async () => {
    const admin = await new DataSource({ type, url: serverUrl } as DataSourceOptions).initialize();
    await admin.query(`CREATE DATABASE ${database}`);
    await admin.destroy();
    outside = await new DataSource(options).initialize();
  });

  afterAll(async () => {
    const leaks: string[] = [];
    for (const dataSource of open) {
      if (!dataSource.isInitialized) continue;
      const busy = busyConnections(dataSource);
      if (busy > 0) leaks.push(`${busy} connections of a pool were never released`);
      await dataSource.destroy();
    }
    await outside.destroy();
    const admin = await new DataSource({ type, url: serverUrl } as DataSourceOptions).initialize();
    // A process that a test killed may still be known to the server.
    await admin.query(type === 'postgres' ? `DROP DATABASE ${database} WITH (FORCE)` : `DROP DATABASE ${database}`);
    await admin.destroy();
    if (leaks.length > 0) throw new Error(leaks.join('; '));
  });

  return {
    name,
    url: url.href,
    options,
    connect,
    query: <Row>(sql: string, parameters?: unknown[]) => outside.query(sql, parameters) as Promise<Row[]>,
  };
}

/** Connections of the pool that somebody has and nobody gave back. */
export function busyConnections(dataSource: DataSource): number {
  const { master, pool } = dataSource.driver as unknown as { master?: PostgresPool; pool?: MysqlPool };
  if (master) return master.totalCount - master.idleCount;
  return pool ? pool._allConnections.length - pool._freeConnections.length : 0;
}

interface PostgresPool {
  readonly totalCount: number;
  readonly idleCount: number;
}
interface MysqlPool {
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number };
}
