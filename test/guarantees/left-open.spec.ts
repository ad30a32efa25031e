import 'reflect-metadata';
import type { Publication } from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

/** Query runners that are released without COMMIT or ROLLBACK: `try … finally { release() }` without a `catch`. */
describeDatabases('transactions that nobody ended', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let node: Node;

  beforeEach(async () => {
    node = await bootNode(db, { topics: { orders: { topic: 'shop_orders', ordered: true } } });
  });

  /** That many at once, each on a connection of its own. */
  async function leak(count: number): Promise<Publication[]> {
    const runners = Array.from({ length: count }, () => node.dataSource.createQueryRunner());
    try {
      return await Promise.all(
        runners.map(async (runner, i) => {
          await runner.startTransaction();
          await runner.query(`INSERT INTO effects (message_id, note) VALUES ('${i}', 'order')`);
          const ordered = i % 2 === 1 && { orderingKey: `key ${i}` };
          return node.mq.publish('orders', { payload: { i }, ...ordered }, { manager: runner.manager });
        }),
      );
    } finally {
      await Promise.all(runners.map((runner) => runner.release()));
    }
  }

  it('are no commits: nothing is sent, and nothing stays', async () => {
    await leak(8);
    // What the module does by itself goes through the pool until each of those connections has been met.
    await eventuallyPasses(async () => {
      await Promise.all([1, 2, 3].map(() => publishOne(node, 'innocent')));
      expect(await openTransactions()).toBe(0);
    });
    expect(await tables.effects()).toEqual([]);
    expect((await tables.statuses()).filter(({ status }) => status !== 'SENT')).toEqual([]);
    expect(node.broker.sent.filter(({ body }) => !String(body).includes('innocent'))).toEqual([]);
  });

  it('are none that DDL has committed before they were rolled back: what was published is sent, and sent() says so', async () => {
    let publication: Publication | undefined;
    const failing = node.dataSource.transaction(async (manager) => {
      publication = await node.mq.publish('orders', { payload: 'before the DDL' }, { manager });
      await manager.query('CREATE TABLE left_behind (id int)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    // PostgreSQL takes DDL back like everything else; MySQL and MariaDB commit at it, and nothing can be taken back then.
    if (db.name === 'PostgreSQL') {
      await expect(publication!.sent()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ROLLED_BACK' });
    } else {
      await node.dataSource.query('DROP TABLE left_behind');
      expect(await publication!.sent()).toMatchObject([{ status: 'sent' }]);
    }
  });

  it('are told apart from rollbacks by sent()', async () => {
    const [publication] = await leak(1);
    await expect(publication!.sent()).rejects.toMatchObject({
      code: 'MQ_TRANSACTION_OPEN',
      message: expect.stringContaining('released without COMMIT or ROLLBACK'),
    });
  });

  async function openTransactions(): Promise<number> {
    const [row] = await db.query<{ n: unknown }>(
      db.name === 'PostgreSQL'
        ? `SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`
        : `SELECT COUNT(*) AS n FROM information_schema.innodb_trx AS t JOIN information_schema.processlist AS p
             ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND p.command = 'Sleep'`,
    );
    return Number(row!.n);
  }
});
