import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqModule } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import type { DataSource } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, OWN } from '../support/node/node.js';

interface PostgresPool {
  readonly totalCount: number;
  readonly waitingCount: number;
}
interface MysqlPool {
  readonly _allConnections: { readonly length: number };
  readonly _connectionQueue: { readonly length: number };
}

/** More than any pool here has. */
const ASKED = 12;

/** What the driver's pool does when it is asked for more than it has: how many it opens, and how many it lets wait. */
function poolOf(dataSource: DataSource): { opened: number; waiting: number } {
  const { master, pool, poolCluster } = dataSource.driver as unknown as {
    master?: PostgresPool;
    pool?: MysqlPool;
    poolCluster?: { _nodes: { MASTER: { pool: MysqlPool } } };
  };
  if (master) return { opened: master.totalCount, waiting: master.waitingCount };
  const { _allConnections, _connectionQueue } = pool ?? poolCluster!._nodes.MASTER.pool;
  return { opened: _allConnections.length, waiting: _connectionQueue.length };
}

describeDatabases('the connection pool', (db) => {
  closeAfterEach();
  /** `PostgreSQL` and `MariaDB`, and what their drivers make of the options. */
  const expected = (postgres: number, mariadb: number): number => (db.name === 'PostgreSQL' ? postgres : mariadb);
  const replication = (master: object = {}) => ({
    replication: { master: { url: db.url, ...master }, slaves: [{ url: db.url }] },
  });

  /** The number with which a configuration is refused that wants more. */
  const computed = async (options: object): Promise<number> => {
    const dataSource = await db.connect(options);
    const typeOrm = { useFactory: () => db.options, dataSourceFactory: () => Promise.resolve(dataSource) };
    const mq = MqModule.forRoot({ transport: memoryTransport(), consume: { maxInFlight: 1_000 } });
    const boot = Test.createTestingModule({ imports: [TypeOrmModule.forRootAsync(typeOrm), mq] }).compile();
    const { message } = (await boot.catch((thrown: unknown) => thrown)) as Error;
    // An application that does not come up closes nothing.
    await dataSource.destroy();
    return Number(/but the pool has (\d+)/.exec(message)?.[1]);
  };

  /** The number of connections that the pool opens when it is asked for more; each is kept until all have been asked for. */
  const opened = async (options: object): Promise<number> => {
    const dataSource = await db.connect(options);
    const runners = Array.from({ length: ASKED }, () => dataSource.createQueryRunner('master'));
    const connecting = runners.map((runner) => runner.connect());
    const pool = await eventually(() => {
      const found = poolOf(dataSource);
      return found.opened + found.waiting === ASKED ? found : null;
    });
    await Promise.all(connecting.map((connected, i) => connected.then(() => runners[i]!.release())));
    await dataSource.destroy();
    return pool.opened;
  };

  /** The option of the driver itself, which TypeORM passes on. */
  const own = (size: number | string): object =>
    db.name === 'PostgreSQL' ? { extra: { max: size } } : { extra: { connectionLimit: size } };

  it.each<[string, () => object, () => number]>([
    ['nothing', () => ({}), () => 10],
    ['poolSize', () => ({ poolSize: 4 }), () => 4],
    ["the driver's own over poolSize", () => ({ poolSize: 7, ...own(3) }), () => 3],
    ['a text, as of the environment', () => own('6'), () => 6],
    ['replication', () => ({ poolSize: 5, ...replication() }), () => 5],
    ['replication.master', () => ({ poolSize: 5, ...replication({ poolSize: 3 }) }), () => expected(5, 3)],
    ["the driver's own over replication.master", () => ({ ...own(2), ...replication({ poolSize: 3 }) }), () => 2],
  ])('has as many connections as it is taken to have: %s', async (_, options, size) => {
    expect(await opened(options())).toBe(size());
    expect(await computed(options())).toBe(size());
  });

  it('does not run dry of connections with extra far below poolSize, when each handler takes a second one', async () => {
    const handled: unknown[] = [];
    const node = await bootNode(db, {
      groups: { stock: { groupId: 'GID_stock', concurrency: 8 } },
      dataSourceOptions: { poolSize: 20, ...own(3) },
      handlers: [
        consumer('orders', 'stock', async ({ payload }, { manager }) => {
          await manager.query('SELECT 1');
          await node.dataSource.query('SELECT 1');
          handled.push(payload);
        }),
      ],
    });
    await node.mq.publishAll(
      Array.from({ length: 16 }, (_, n) => ({ topic: 'orders', payload: n })),
      OWN,
    );
    await eventually(() => handled.length === 16, { what: 'every message handled' });
  });
});
