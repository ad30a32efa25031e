import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What makes a text column compare byte by byte. PostgreSQL does so by itself; MySQL and MariaDB would take `abc` and `ABC` for
 * one sku.
 */
const EXACT: Readonly<Record<string, string>> = { postgres: '', mysql: 'COLLATE utf8mb4_bin' };

/**
 * The shop's own tables, in SQL that PostgreSQL, MySQL and MariaDB share. `IF NOT EXISTS`, because MySQL and MariaDB commit
 * each of these statements at once, and a process may be killed between two of them.
 */
export class CreateShopTables1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const exact = EXACT[runner.dataSource.options.type];
    await runner.query(`
      CREATE TABLE IF NOT EXISTS orders (
        id       varchar(36) ${exact} NOT NULL PRIMARY KEY,
        sku      varchar(64) ${exact} NOT NULL,
        quantity integer NOT NULL CHECK (quantity > 0),
        status   varchar(12) NOT NULL CHECK (status IN ('placed', 'reserved', 'paid', 'cancelled'))
      )`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS stock (
        sku      varchar(64) ${exact} NOT NULL PRIMARY KEY,
        on_hand  integer NOT NULL CHECK (on_hand >= 0),
        reserved integer NOT NULL CHECK (reserved >= 0)
      )`);
    // Not unique on order_id: that each order is notified once is the inbox's doing, and the sample shall show it.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS notifications (
        order_id varchar(36) ${exact} NOT NULL,
        id       varchar(36) ${exact} NOT NULL,
        text     varchar(255) NOT NULL,
        PRIMARY KEY (order_id, id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['notifications', 'stock', 'orders']) await runner.query(`DROP TABLE ${table}`);
  }
}
