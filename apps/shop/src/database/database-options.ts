import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { CreateShopTables1700000000000 } from './create-shop-tables.migration.js';

/** The database that `DATABASE_URL` names. */
export function databaseOptions(url: string): TypeOrmModuleOptions {
  return {
    type: url.startsWith('mysql:') ? 'mysql' : 'postgres',
    url,
    autoLoadEntities: true,
    migrations: [CreateShopTables1700000000000],
  };
}
