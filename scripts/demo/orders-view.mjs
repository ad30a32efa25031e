import pg from 'pg';

/**
 * How far an order has come.
 *
 * @typedef {object} Progress
 * @property {string} id
 * @property {string} sku
 * @property {number} quantity
 * @property {string} status
 * @property {string} message
 * @property {boolean} sent
 * @property {number} handled
 * @property {number} notified
 */

/** How far each order has come, in the shop's tables and the library's. */
const PROGRESS = `
  SELECT o.id, o.sku, o.quantity, o.status,
         s.id AS message, s.status = 'SENT' AS sent,
         (SELECT count(*)::int FROM mq_inbox i WHERE i.message_id = s.id AND i.group_id = 'GID_shop_stock') AS handled,
         (SELECT count(*)::int FROM notifications n WHERE n.order_id = o.id) AS notified
    FROM orders o JOIN mq_status_log s ON s.msg_key = o.id AND s.tag = 'created'`;

/** Reads the database that the demo's processes work on. */
export class OrdersView {
  #client;

  /** @param {pg.Client} client */
  constructor(client) {
    this.#client = client;
  }

  /** @param {string} url */
  static async connect(url) {
    const client = new pg.Client({ connectionString: url });
    // Ending everything takes the server away under this connection too.
    client.on('error', () => undefined);
    await client.connect();
    return new OrdersView(client);
  }

  /** @returns {Promise<Progress[]>} */
  async progress() {
    return (await this.#client.query(PROGRESS)).rows;
  }

  /** Messages that are not sent yet, those that the broker shall hold back included. */
  async unsent() {
    const { rows } = await this.#client.query(`SELECT count(*)::int AS n FROM mq_status_log WHERE due_at IS NOT NULL`);
    return rows[0].n;
  }

  /** @returns {Promise<{ sku: string, on_hand: number, reserved: number, owed: number }[]>} */
  async stock() {
    const { rows } = await this.#client.query(`
      SELECT s.sku, s.on_hand, s.reserved,
             (SELECT coalesce(sum(quantity), 0)::int FROM orders o
               WHERE o.sku = s.sku AND o.status IN ('reserved', 'paid')) AS owed
        FROM stock s ORDER BY s.sku`);
    return rows;
  }

  async close() {
    await this.#client.end().catch(() => undefined);
  }
}
