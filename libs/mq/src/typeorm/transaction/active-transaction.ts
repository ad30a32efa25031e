import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { dataSourceOf } from '../connection/data-source-of.js';

/** A manager that is bound to one connection. */
export type BoundManager = EntityManager & { readonly queryRunner: QueryRunner };

/** Whether this manager works in a transaction of this data source that is still open, as far as TypeORM knows. */
export function isActiveIn(dataSource: DataSource, manager: EntityManager | null | undefined): manager is BoundManager {
  const runner = manager?.queryRunner;
  if (!manager || !runner) return false;
  return dataSourceOf(manager) === dataSource && runner.isTransactionActive && !runner.isReleased;
}
