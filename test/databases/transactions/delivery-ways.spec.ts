import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { describeDatabases } from '../../support/database.js';
import { DeliveryBench } from './deliver.js';
import { Note } from './note.entity.js';
import { prepareWays, swallow, type Way, waysOf } from './ways-to-end.js';

describeDatabases('a delivery whose handler does more than read and write', (db) => {
  let bench: DeliveryBench;
  let messageId: string;
  let texts: string[] = [];

  const logger = { logQuery: (text: string) => void texts.push(text) } as never;
  beforeAll(async () => {
    bench = await DeliveryBench.open(db, { logger });
    await prepareWays(db);
  });
  beforeEach(async () => {
    messageId = randomUUID();
    await db.query('DELETE FROM note');
    await db.query(`INSERT INTO note (id) VALUES ('taken')`);
    texts = [];
  });

  /** What everybody else sees. */
  async function seen(): Promise<string> {
    const [row] = await db.query<{ state: string }>(`SELECT state FROM mq_inbox WHERE message_id = '${messageId}'`);
    return row?.state ?? 'none';
  }
  const writeAnd =
    (then: Way['then'], last: () => Promise<unknown> = async () => undefined) =>
    async (manager: EntityManager): Promise<void> => {
      await manager.query('SAVEPOINT before_it');
      await manager.insert(Note, { id: 'it' });
      await then(manager);
      await last();
    };
  const ended = (handler: (manager: EntityManager) => Promise<void>): Promise<string> =>
    bench.deliver(handler, { messageId }).catch((error: Error) => error.name);

  const ways: Way[] = [
    ...waysOf(db),
    {
      what: 'a statement that nobody waits for and that fails behind its back',
      then: async (manager) => void swallow(manager.query(`INSERT INTO note (id) VALUES ('taken')`)),
      proven: false,
      there: db.family === 'MySQL',
    },
  ];
  for (const { what, then } of ways) {
    describe(`after ${what}`, () => {
      it('counts as handled if it is, and only then', async () => {
        const handled = (await ended(writeAnd(then))) === 'entered';
        expect(await seen()).toBe(handled ? 'HANDLED' : 'none');
      });

      it('is not taken for handled by others before its end, nor when it fails', async () => {
        let meanwhile = 'none';
        const failing = writeAnd(then, async () => {
          meanwhile = await seen();
          throw new Error('out of stock');
        });
        await expect(bench.deliver(failing, { messageId })).rejects.toThrow();
        expect(meanwhile).not.toBe('HANDLED');
        expect(await seen()).toBe(meanwhile);
      });
    });
  }

  it('is refused before its COMMIT where that would be a rollback already, so that nobody is told of a commit', async () => {
    let commits = 0;
    bench.dataSource.subscribers.push({ afterTransactionCommit: () => void commits++ });
    const handler = writeAnd(async (manager) => {
      // Aborts the transaction on PostgreSQL.
      await swallow(manager.query(`INSERT INTO note (id) VALUES ('taken')`));
    });
    const handled = (await ended(handler)) === 'entered';
    bench.dataSource.subscribers.pop();
    expect({ handled, commits }).toEqual(
      db.family === 'MySQL' ? { handled: true, commits: 1 } : { handled: false, commits: 0 },
    );
  });

  it('needs no statement to know, when it does no more than that', async () => {
    const [plain] = ways;
    expect(await ended(writeAnd(plain!.then))).toBe('entered');
    expect(texts.filter((text) => text.includes('mq_inbox'))).toEqual([expect.stringMatching(/\bINSERT INTO/)]);
  });
});
