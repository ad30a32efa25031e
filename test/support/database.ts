import { randomBytes } from 'node:crypto';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { askForService } from './shared-service.mjs';

export type DatabaseName = 'PostgreSQL' | 'MariaDB' | 'MySQL';

/** A database of its own for one spec file, and data sources on it. */
export interface TestDatabase {
  /** For titles, and for what only one of them can. */
  readonly name: DatabaseName;
  /** Whose SQL it speaks: MariaDB and MySQL share theirs, but for a few words. */
  readonly family: 'PostgreSQL' | 'MySQL';
  /** `postgres://…/<database>`. Known once `beforeAll` has run. */
  readonly url: string;
  /** Known once `beforeAll` has run. */
  readonly options: DataSourceOptions;
  /** An initialized data source, destroyed after the file's tests. */
  connect(options?: Partial<DataSourceOptions>): Promise<DataSource>;
  /** One statement on a connection outside of every pool of the tests. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}

interface Server {
  readonly name: DatabaseName;
  readonly type: 'postgres' | 'mysql';
  readonly url: string | undefined;
  /** Starts it, and tells its URL. */
  readonly starter?: string | undefined;
}

const { env } = process;
const SERVERS: readonly Server[] = [
  { name: 'PostgreSQL', type: 'postgres', url: env['MQ_TEST_POSTGRES_URL'] },
  { name: 'MariaDB', type: 'mysql', url: env['MQ_TEST_MARIADB_URL'] },
  { name: 'MySQL', type: 'mysql', url: env['MQ_TEST_MYSQL_URL'], starter: env['MQ_TEST_MYSQL_STARTER'] },
];
const EVERY = SERVERS.map(({ name }) => name);

/**
 * Runs a block of tests on each database that is there. One that is missing was announced when the run began, and
 * under `CI` the run did not begin, unless it was MySQL. A block for which there is none says so in a test of its own: a
 * file without any test would fail.
 *
 * @param only for what some databases alone can show
 */
export function describeDatabases(
  title: string,
  block: (db: TestDatabase) => void,
  only: readonly DatabaseName[] = EVERY,
): void {
  const wanted = SERVERS.filter(({ name }) => only.includes(name));
  const there = wanted.filter(isThere);
  for (const server of there) describe(`${title} (${server.name})`, () => block(useDatabase(server)));
  if (there.length > 0) return;
  describe(title, () => {
    it(`is left out without ${only.join(' or ')}`, () => {
      if (only.some((name) => name !== 'MySQL')) expect(env['CI']).toBeUndefined();
    });
  });
}

/**
 * Runs a block of tests on one database: on the preferred one if that is there, else on the first that is. For programs, which take seconds to
 * start, and do the same on each: what differs is tested below them. With `MQ_TEST_EVERY_DATABASE` on all of them.
 */
export function describeOneDatabase(title: string, preferred: DatabaseName, block: (db: TestDatabase) => void): void {
  if (env['MQ_TEST_EVERY_DATABASE']) {
    describeDatabases(title, block);
    return;
  }
  const there = SERVERS.filter(isThere);
  const one = there.find(({ name }) => name === preferred) ?? there[0];
  describeDatabases(title, block, [one?.name ?? preferred]);
}

/**
 * A database for the tests of this `describe`, created before and dropped after them. On PostgreSQL alone, which npm brings where none
 * runs: the others are not on every machine, and {@link describeDatabases} says what is left out without them.
 */
export function useTestDatabase(): TestDatabase {
  const server = SERVERS.find(({ name }) => name === 'PostgreSQL');
  if (!server || !isThere(server))
    throw new Error('no PostgreSQL for the tests: run them through jest.config.mjs, whose global setup looks for one');
  return useDatabase(server);
}

function isThere({ url, starter }: Server): boolean {
  return url !== undefined || starter !== undefined;
}

function useDatabase({ name, type, ...server }: Server): TestDatabase {
  const database = `mq_test_${randomBytes(6).toString('hex')}`;
  const open = new Set<DataSource>();
  let serverUrl: string;
  let url: URL;
  let options: DataSourceOptions;
  let outside: DataSource | undefined;

  const connect = async (more: Partial<DataSourceOptions> = {}): Promise<DataSource> => {
    const dataSource = await new DataSource({ ...options, ...more } as DataSourceOptions).initialize();
    open.add(dataSource);
    return dataSource;
  };

  beforeAll(async () => {
    serverUrl = server.url ?? (await askForService<{ url: string }>(server.starter!)).url;
    url = new URL(serverUrl);
    url.pathname = `/${database}`;
    options = { type, url: url.href } as DataSourceOptions;
    const admin = await new DataSource({ type, url: serverUrl } as DataSourceOptions).initialize();
    await admin.query(`CREATE DATABASE ${database}`);
    await admin.destroy();
    outside = await new DataSource(options).initialize();
  });

  afterAll(async () => {
    // A hook that failed has told why already.
    if (!outside) return;
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
    family: type === 'postgres' ? 'PostgreSQL' : 'MySQL',
    get url() {
      return url.href;
    },
    get options() {
      return options;
    },
    connect,
    query: <Row>(sql: string, parameters?: unknown[]) => outside!.query(sql, parameters) as Promise<Row[]>,
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
