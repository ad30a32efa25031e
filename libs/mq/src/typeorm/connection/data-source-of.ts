import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** The data source of a manager or a query runner: `dataSource` in TypeORM 1, `connection` in 0.3. */
export function dataSourceOf(owned: EntityManager | QueryRunner): DataSource {
  return (owned as { dataSource?: DataSource }).dataSource ?? owned.connection;
}
