import type { DataSource, EntityManager } from 'typeorm';
import { TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { killSession, sessionId } from '../../support/server-session.js';
import { connectWithNotes } from './connect-with-notes.js';
import { Note } from './note.entity.js';
import { prepareWays, run, swallow, swallowed, type Way, waysOf } from './ways-to-end.js';

describeDatabases('the proof of a commit', (db) => {
  let dataSource: DataSource;
  let context: TypeOrmTransactionContext;

  beforeAll(async () => {
    dataSource = await connectWithNotes(db);
    context = new TypeOrmTransactionContext(dataSource);
    await prepareWays(db);
  });
  beforeEach(async () => {
    await db.query('DELETE FROM note');
    await db.query(`INSERT INTO note (id) VALUES ('taken')`);
  });

  /** How a transaction ended in which `then` came after the row. */
  async function ending(then: Way['then'], on = dataSource, joined = context): Promise<string[]> {
    const ends: string[] = [];
    const transaction = on.transaction(async (manager) => {
      await manager.query('SAVEPOINT before_it');
      joined.find(manager)!.onEnd((outcome) => void ends.push(outcome));
      await manager.insert(Note, { id: 'it' });
      await then(manager);
    });
    await swallow(transaction);
    return ends;
  }
  const isThere = async (): Promise<boolean> => (await db.query(`SELECT id FROM note WHERE id = 'it'`)).length === 1;

  for (const { what, then, proven, there } of waysOf(db)) {
    it(`${proven ? 'is given' : 'is not given'} after ${what}, and the row is ${there ? 'there' : 'gone'}`, async () => {
      const ends = await ending(then);
      expect({ proven: ends.includes('proven'), told: ends.length, there: await isThere() }).toEqual({
        proven,
        told: 1,
        there,
      });
    });
  }

  it('is not given when the connection ends before the COMMIT', async () => {
    const ends = await ending(async (manager) => killSession(db, await sessionId(db, manager)));
    expect(ends).toEqual(['unknown']);
    expect(await isThere()).toBe(false);
  });

  it('is that of its own transaction, when the connection is used again', async () => {
    const one = await db.connect({
      entities: [Note],
      extra: db.family === 'MySQL' ? { connectionLimit: 1 } : { max: 1 },
    });
    const joined = new TypeOrmTransactionContext(one);
    expect(await ending(swallowed(`INSERT INTO note (id) VALUES ('taken')`), one, joined)).toEqual(['committed']);
    await db.query(`DELETE FROM note WHERE id = 'it'`);
    expect(await ending(async () => undefined, one, joined)).toEqual(['proven']);
  });

  if (db.family === 'MySQL') {
    it('is not given after a deadlock that is ignored, and the row is gone', async () => {
      await db.query(`INSERT INTO note (id) VALUES ('left'), ('right')`);
      const lock = (manager: EntityManager, id: string): Promise<unknown> =>
        manager.query(`UPDATE note SET text = CONCAT(text, 'x') WHERE id = '${id}'`);
      const rival = dataSource.createQueryRunner();
      await rival.startTransaction();
      // Whoever has changed more rows is not chosen as the victim.
      for (let n = 0; n < 50; n++) await rival.query(`INSERT INTO note (id) VALUES ('ballast ${n}')`);
      await lock(rival.manager, 'right');
      const ends = await ending(async (manager) => {
        await lock(manager, 'left');
        const rivalWaits = lock(rival.manager, 'left');
        await expect(lock(manager, 'right')).rejects.toMatchObject({ code: 'ER_LOCK_DEADLOCK' });
        await rivalWaits;
      });
      await rival.rollbackTransaction();
      await rival.release();
      expect(ends).toEqual(['committed']);
      expect(await isThere()).toBe(false);
    });

    it('is not given after a text of several statements, where the connection allows them', async () => {
      const several = await db.connect({ entities: [Note], extra: { multipleStatements: true } });
      const joined = new TypeOrmTransactionContext(several);
      expect(await ending(run('SELECT 1; ROLLBACK; BEGIN'), several, joined)).toEqual(['committed']);
      expect(await isThere()).toBe(false);
      expect(await ending(async () => undefined, several, joined)).toEqual(['proven']);
    });
  }
});
