import 'reflect-metadata';
import type { EntityManager } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { slowNetwork, type SlowNetwork } from '../support/slow-network.js';
import { bootNode, type Node, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const RUNS = 200;

const after = async (ms: number): Promise<void> => {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
};
const failsAfter = async (ms: number): Promise<never> => {
  await after(ms);
  throw new Error('sibling');
};

/**
 * `publish()` that is still under way when its transaction ends, because something beside it failed. On a network that
 * takes its time, its statements stand in the driver's queue behind the ROLLBACK.
 */
describeDatabases('siblings that fail while publish() is under way', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let network: SlowNetwork;
  let node: Node;

  beforeEach(async () => {
    network = await slowNetwork(db.url, () => 2 + Math.random() * 6);
    node = await bootNode(db, {
      topics: { orders: { topic: 'shop_orders', ordered: true } },
      dataSourceOptions: { url: network.url },
    });
  });
  afterEach(() => network.close());

  /** What was sent, once something that was published after everything else has arrived. */
  async function sentBeside(): Promise<unknown[]> {
    const last = await publishOne(node, 'the last one');
    await eventually(() => node.broker.sent.some(({ properties }) => properties['mq-id'] === last));
    return node.broker.sent.slice(0, -1);
  }

  const publish = (manager: EntityManager, run: number, ordered: boolean): Promise<unknown> =>
    node.mq.publish('orders', { payload: { run }, ...(ordered && { orderingKey: `key ${run % 7}` }) }, { manager });

  async function failRepeatedly(ordered: boolean): Promise<string[]> {
    const told: string[] = [];
    const one = async (run: number): Promise<void> => {
      const failing = node.dataSource.transaction(async (manager) => {
        await manager.query(`INSERT INTO effects (message_id, note) VALUES ('${run}', 'order')`);
        // Some begin when the ROLLBACK is already on its way.
        const publishing = after((run % 5) * 3).then(() => publish(manager, run, ordered));
        publishing.then(
          () => told.push('published'),
          (error: { code?: string }) => told.push(String(error.code ?? error)),
        );
        // Some fail at once, some while a statement of publish() is on its way, some when it is done.
        const sibling = run % 8 === 7 ? publishing.then(() => failsAfter(0)) : failsAfter((run % 8) * 4);
        await Promise.all([publishing, sibling]);
      });
      await expect(failing).rejects.toThrow('sibling');
    };
    for (let run = 0; run < RUNS; run += 5) {
      await Promise.all(Array.from({ length: 5 }, (_, i) => one(run + i)));
    }
    await eventually(() => told.length === RUNS, { what: 'every publish() to have ended' });
    return told;
  }

  it.each([
    ['without an ordering key', false],
    ['with an ordering key', true],
  ])('leave no row behind, and send nothing: %s', async (_, ordered) => {
    const told = await failRepeatedly(ordered);
    expect(await tables.statuses()).toEqual([]);
    expect(await tables.effects()).toEqual([]);
    // What comes when the transaction is over for TypeORM, too, is refused before any statement.
    expect(told).toEqual(expect.arrayContaining(['published', 'MQ_TRANSACTION_CLOSED']));
    expect(told.filter((code) => code !== 'published' && !code.startsWith('MQ_TRANSACTION_'))).toEqual([]);
    expect(await sentBeside()).toEqual([]);
    await tables.poolIsFree(node);
  });

  it('let nothing slip into a transaction that another caller begins on the same connection', async () => {
    const alone = await bootNode(db, {
      topics: { orders: { topic: 'shop_orders', ordered: true } },
      dataSourceOptions: { url: network.url, poolSize: 2 },
      role: 'api',
    });
    for (let run = 0; run < 40; run++) {
      const failing = alone.dataSource.transaction(async (manager) => {
        const publishing = alone.mq.publish(
          'orders',
          [
            { payload: run, orderingKey: 'a' },
            { payload: run, orderingKey: 'b' },
          ],
          { manager },
        );
        publishing.catch(() => undefined);
        await after(run % 20);
        throw new Error('sibling');
      });
      // Waits for the connection, and begins as soon as it is back.
      const innocent = Promise.all(
        [1, 2].map((n) =>
          alone.dataSource.transaction(async (manager) => {
            await manager.query(`INSERT INTO effects (message_id, note) VALUES ('innocent ${n}', '${run}')`);
          }),
        ),
      );
      await expect(failing).rejects.toThrow('sibling');
      await innocent;
    }
    expect(await tables.statuses()).toEqual([]);
    expect(await tables.effects()).toHaveLength(80);
  });

  it('let nothing slip into a transaction that is begun after them on the same query runner', async () => {
    const runner = node.dataSource.createQueryRunner();
    await runner.startTransaction();
    // Its lock is on its way; behind that, one transaction ends and the next begins, and only then comes its INSERT.
    const publishing = publish(runner.manager, 1, true);
    const refused = expect(publishing).rejects.toMatchObject({ code: 'MQ_TRANSACTION_CLOSED' });
    await Promise.all([runner.query('ROLLBACK'), runner.query('START TRANSACTION'), refused]);
    await runner.commitTransaction();
    await runner.release();
    expect(await tables.statuses()).toEqual([]);
  });
});
