import 'reflect-metadata';
import { MqInbox, MqStatusLog } from 'nestjs-reliable-mq';
import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, pending } from '../support/node/node.js';

const OURS = ['mq_status_log', 'mq_error_log', 'mq_inbox', 'mq_order_stripe', 'mq_migrations'];
const TOPICS = { orders: { topic: 'shop_orders' }, keyed: { topic: 'shop_keyed', ordered: true } };

/** Applications with a schema (PostgreSQL) or a database (MariaDB, MySQL) for each tenant choose it in their transactions. */
describeDatabases('a place for each tenant', (db) => {
  closeAfterEach();
  const postgres = db.name === 'PostgreSQL';
  const home = (): string => new URL(db.url).pathname.slice(1);
  const tenant = (name: string): string => (postgres ? `tenant_${name}` : `${home()}_${name}`);
  const enter = (name: string): string =>
    postgres ? `SET LOCAL search_path TO ${tenant(name)}` : `USE ${tenant(name)}`;
  /** One has tables of our names, as a copy of everything does; the other has none. */
  const TENANTS = ['copy', 'bare'];

  beforeAll(async () => {
    await (await bootNode(db, { topics: TOPICS })).app.close();
    for (const name of TENANTS) {
      await db.query(`CREATE SCHEMA ${tenant(name)}`);
      await db.query(`CREATE TABLE ${tenant(name)}.bookings (id varchar(64))`);
    }
    const source = postgres ? 'public' : home();
    for (const table of OURS) {
      const like = postgres ? `(LIKE ${source}.${table} INCLUDING ALL)` : `LIKE ${source}.${table}`;
      await db.query(`CREATE TABLE ${tenant('copy')}.${table} ${like}`);
    }
  });
  afterAll(async () => {
    if (postgres) return;
    // The connections of `db` are closed by now.
    const server = await new DataSource({
      ...db.options,
      url: new URL('/', db.url).href,
    } as DataSourceOptions).initialize();
    for (const name of TENANTS) await server.query(`DROP DATABASE IF EXISTS ${tenant(name)}`);
    await server.destroy();
  });

  const book = async (manager: EntityManager, name: string, id: string): Promise<void> => {
    await manager.query(enter(name));
    await manager.query(`INSERT INTO bookings (id) VALUES ('${id}')`);
  };
  const bookings = async (name: string): Promise<string[]> =>
    (await db.query<{ id: string }>(`SELECT id FROM ${tenant(name)}.bookings ORDER BY id`)).map(({ id }) => id);

  it.each(TENANTS)('does not lead messages of a transaction astray (%s)', async (name) => {
    const handled: unknown[] = [];
    const node = await bootNode(db, {
      topics: TOPICS,
      groups: { stock: { groupId: 'GID_stock' } },
      // The small pool makes what `USE` left behind in a connection meet the relay, the consumer and the next test.
      dataSourceOptions: { poolSize: 4 },
      handlers: [
        consumer('orders', 'stock', async ({ id, payload }, { manager }) => {
          await book(manager, name, `handled ${String(payload)}`);
          handled.push(payload);
          expect(await manager.getRepository(MqInbox).countBy({ messageId: id })).toBe(1);
        }),
      ],
    });
    const ids: string[] = [];
    for (const round of [1, 2, 3]) {
      const publication = await node.dataSource.transaction(async (manager) => {
        await book(manager, name, `placed ${round}`);
        const published = await node.mq.publish('orders', { payload: round }, { manager });
        await node.mq.publish('keyed', { payload: round, orderingKey: 'k' }, { manager });
        expect(await manager.getRepository(MqStatusLog).countBy({ id: published.messages[0]!.id })).toBe(1);
        return published;
      });
      ids.push(publication.messages[0]!.id);
      expect(await publication.sent()).toMatchObject([{ status: 'sent' }]);
    }
    await eventually(() => handled.length === 3 && pending(node.broker) === 0);
    expect(await bookings(name)).toEqual(['handled 1', 'handled 2', 'handled 3', 'placed 1', 'placed 2', 'placed 3']);
    for (const table of ['mq_status_log', 'mq_inbox']) {
      const key = table === 'mq_inbox' ? 'message_id' : 'id';
      const rows = await db.query<{ id: string }>(`SELECT ${key} AS id FROM ${table}`);
      expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
      expect(await db.query(`SELECT * FROM ${tenant('copy')}.${table}`)).toEqual([]);
    }
  });
});
