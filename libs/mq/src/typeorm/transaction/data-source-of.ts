import type { DataSource, EntityManager } from 'typeorm';

/** The data source of a manager: `dataSource` in TypeORM 1, `connection` in 0.3. */
export function dataSourceOf(manager: EntityManager): DataSource {
  return (manager as { dataSource?: DataSource }).dataSource ?? manager.connection;
}
