import { DataSource } from 'typeorm';
import { duplicatePackage } from './duplicate-package.js';

/**
 * Makes sure that this data source comes from the copy of TypeORM that this library uses.
 * @throws {MqError} `MQ_DUPLICATE_PACKAGE`
 */
export function requireSameTypeOrm(dataSource: DataSource): void {
  if (dataSource instanceof DataSource) return;
  throw duplicatePackage(['typeorm'], 'its data source is of no class that the library knows');
}
