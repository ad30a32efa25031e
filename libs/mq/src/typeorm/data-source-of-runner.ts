import type { DataSource, QueryRunner } from 'typeorm';

/** The data source of a query runner: `dataSource` in TypeORM 1, `connection` in 0.3. */
export function dataSourceOfRunner(runner: QueryRunner): DataSource {
  return (runner as { dataSource?: DataSource }).dataSource ?? runner.connection;
}
