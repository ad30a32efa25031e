import type { Dialect } from '../dialects/dialect.js';
import { mysql } from '../dialects/mysql.js';
import { postgres } from '../dialects/postgres.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import { mysqlDelivery } from './mysql-delivery.js';
import { postgresDelivery } from './postgres-delivery.js';

const DELIVERY_DIALECTS: ReadonlyMap<Dialect, DeliveryDialect> = new Map([
  [postgres, postgresDelivery],
  [mysql, mysqlDelivery],
]);

export function deliveryDialectOf(dialect: Dialect): DeliveryDialect {
  return DELIVERY_DIALECTS.get(dialect)!;
}
