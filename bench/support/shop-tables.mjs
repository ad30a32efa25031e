import { expectEqual } from '../harness/expect-equal.mjs';

/** @typedef {import('./application.mjs').Application} Application */

/** The application's own tables, and its own transaction: an order is written and its stock is taken. */
export class ShopTables {
  /**
   * @param {Application} app
   * @param {number} skus
   */
  static async create(app, skus) {
    await app.query('CREATE TABLE bench_order (id varchar(64) PRIMARY KEY, sku int NOT NULL, body text NOT NULL)');
    await app.query('CREATE TABLE bench_stock (sku int PRIMARY KEY, on_hand int NOT NULL)');
    for (let sku = 0; sku < skus; sku++) await app.query(`INSERT INTO bench_stock VALUES (${sku}, 1000000)`);
    return new ShopTables(app);
  }

  #place;
  #take;

  /** @param {Application} app */
  constructor(app) {
    this.app = app;
    const [first, second, third] = app.database.server.type === 'postgres' ? ['$1', '$2', '$3'] : ['?', '?', '?'];
    this.#place = `INSERT INTO bench_order (id, sku, body) VALUES (${first}, ${second}, ${third})`;
    this.#take = `UPDATE bench_stock SET on_hand = on_hand - 1 WHERE sku = ${first}`;
  }

  async empty() {
    await this.app.query('TRUNCATE TABLE bench_order');
  }

  /**
   * @param {import('typeorm').EntityManager} manager
   * @param {string} id
   * @param {number} sku
   * @param {string} body
   */
  async placeOrder(manager, id, sku, body) {
    await manager.query(this.#place, [id, sku, body]);
    await manager.query(this.#take, [sku]);
  }

  /** @param {number} count */
  async expectOrders(count) {
    const [row] = await this.app.query('SELECT COUNT(*) AS orders FROM bench_order');
    expectEqual('orders', row.orders, count);
  }
}
