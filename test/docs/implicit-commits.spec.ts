import type { MqError, Publication } from 'nestjs-reliable-mq';
import { bootNode } from '../support/node/node.js';
import { describeDatabases } from '../support/database.js';
import { closeAfterEach } from '../support/mq-app.js';

/** What docs/guides/transactions.md says of them; PostgreSQL has none. */
describeDatabases('statements that commit by themselves', (db) => {
  closeAfterEach();
  const statements = [
    'CREATE TABLE a (id int)',
    'TRUNCATE TABLE a',
    'LOCK TABLES a WRITE',
    'ANALYZE TABLE a',
    'DROP TABLE a',
  ];
  if (db.name === 'PostgreSQL') {
    it('are undone with the rest', async () => {
      const { dataSource } = await bootNode(db);
      const work = dataSource.transaction(async (manager) => {
        await manager.query(statements[0]!);
        throw new Error('rolled back');
      });
      await expect(work).rejects.toThrow('rolled back');
      await expect(db.query('SELECT * FROM a')).rejects.toThrow(/does not exist/);
    });
    return;
  }

  it.each(statements)('%s: what was published before is sent, and nothing can be published after it', async (sql) => {
    const { mq, dataSource } = await bootNode(db);
    let before: Publication | undefined;
    let after: string | undefined;
    const work = dataSource.transaction(async (manager) => {
      before = await mq.publish('orders', { payload: 'before' }, { manager });
      await manager.query(sql);
      await mq.publish('orders', { payload: 'after' }, { manager }).catch((error: MqError) => (after = error.code));
      await manager.query('UNLOCK TABLES');
      throw new Error('rolled back');
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(after).toBe('MQ_TRANSACTION_CLOSED');
    expect(await before!.sent()).toMatchObject([{ status: 'sent' }]);
  });
});
