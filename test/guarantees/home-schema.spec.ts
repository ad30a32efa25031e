import 'reflect-metadata';
import { MqStatusLog } from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode } from '../support/node/node.js';

describeDatabases(
  'the schema in which a data source works',
  (db) => {
    closeAfterEach();

    it.each<[string, object]>([
      ['the search_path of its connections', { extra: { options: '-c search_path=work' } }],
      ["TypeORM's option schema", { schema: 'work' }],
    ])('is that of %s', async (_what, dataSourceOptions) => {
      await db.query('DROP SCHEMA IF EXISTS work CASCADE');
      await db.query('CREATE SCHEMA work');
      const node = await bootNode(db, { dataSourceOptions });
      const publication = await node.dataSource.transaction(async (manager) => {
        await manager.query('SET LOCAL search_path TO public');
        return node.mq.publish('orders', { payload: 1 }, { manager });
      });
      expect(await publication.sent()).toMatchObject([{ status: 'sent' }]);
      expect(await db.query('SELECT status FROM work.mq_status_log')).toEqual([{ status: 'SENT' }]);
      expect(await node.dataSource.getRepository(MqStatusLog).count()).toBe(1);
      const [{ n }] = (await db.query<{ n: string }>(
        `SELECT COUNT(*) AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
         WHERE c.relname LIKE 'mq\\_%' AND s.nspname <> 'work'`,
      )) as [{ n: string }];
      expect(Number(n)).toBe(0);
    });
  },
  ['PostgreSQL'],
);
