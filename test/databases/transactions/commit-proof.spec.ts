import type { DataSource, EntityManager } from 'typeorm';
import { TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases, type DatabaseName } from '../../support/database.js';
import { killSession, sessionId } from '../../support/server-session.js';
import { connectWithNotes } from './connect-with-notes.js';
import { Note } from './note.entity.js';

/** What an application does after a row was inserted that has to be there, and before it commits. */
interface Way {
  readonly what: string;
  readonly then: (manager: EntityManager) => Promise<unknown>;
  /** Whether its end is a proof; else somebody has to look. */
  readonly proven: boolean;
  /** Whether the row is there in the end. */
  readonly there: boolean;
  readonly only?: readonly DatabaseName[];
}

const MYSQLS = ['MySQL', 'MariaDB'] as const;
const swallow = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);
const run =
  (...statements: string[]) =>
  async (manager: EntityManager): Promise<void> => {
    for (const statement of statements) await manager.query(statement);
  };
const swallowed =
  (statement: string) =>
  (manager: EntityManager): Promise<unknown> =>
    swallow(manager.query(statement));

const WAYS: readonly Way[] = [
  { what: 'nothing', then: async () => undefined, proven: true, there: true },
  {
    what: 'reads and writes of its own',
    then: async (manager) => {
      await manager.insert(Note, { id: 'other' });
      await manager.update(Note, { id: 'other' }, { text: 'COMMIT; ROLLBACK' });
      await manager.find(Note);
      await manager.query('WITH ones AS (SELECT 1 AS one) SELECT one FROM ones');
      await manager.delete(Note, { id: 'other' });
    },
    proven: true,
    there: true,
  },
  {
    what: 'a savepoint that is released',
    then: (manager) => manager.transaction((nested) => nested.insert(Note, { id: 'other' })),
    proven: true,
    there: true,
  },
  {
    what: 'a savepoint that is rolled back',
    then: (manager) =>
      swallow(
        manager.transaction(async (nested) => {
          await nested.insert(Note, { id: 'other' });
          throw new Error('back');
        }),
      ),
    proven: false,
    there: true,
  },
  {
    what: 'a rollback to a savepoint from before it',
    then: run('ROLLBACK TO SAVEPOINT before_it'),
    proven: false,
    there: false,
  },
  {
    what: 'an error that is ignored',
    then: swallowed(`INSERT INTO note (id) VALUES ('taken')`),
    proven: false,
    // PostgreSQL has aborted the transaction.
    there: false,
    only: ['PostgreSQL'],
  },
  {
    what: 'an error that is ignored',
    then: swallowed(`INSERT INTO note (id) VALUES ('taken')`),
    proven: false,
    there: true,
    only: MYSQLS,
  },
  { what: 'ROLLBACK and BEGIN', then: run('ROLLBACK', 'BEGIN'), proven: false, there: false },
  { what: 'a ROLLBACK behind a comment', then: run('/* undo */ ROLLBACK', 'BEGIN'), proven: false, there: false },
  { what: 'ROLLBACK AND CHAIN', then: run('ROLLBACK AND CHAIN'), proven: false, there: false },
  { what: 'COMMIT AND CHAIN', then: run('COMMIT AND CHAIN'), proven: false, there: true },
  { what: 'COMMIT and BEGIN', then: run('COMMIT', 'BEGIN'), proven: false, there: true },
  { what: 'ROLLBACK alone', then: run('ROLLBACK'), proven: false, there: false },
  { what: 'COMMIT alone', then: run('COMMIT'), proven: false, there: true },
  { what: 'BEGIN once more', then: run('BEGIN'), proven: false, there: true },
  {
    what: 'several statements in one text',
    then: run(`SELECT 1; ROLLBACK; BEGIN`),
    proven: false,
    there: false,
    only: ['PostgreSQL'],
  },
  {
    what: 'a deferred constraint that fails at COMMIT',
    then: run(`INSERT INTO strict_note VALUES ('not there')`),
    proven: false,
    there: false,
    only: ['PostgreSQL'],
  },
  {
    what: 'a block that rolls back, which fails, and is ignored',
    then: swallowed(`DO $$ BEGIN ROLLBACK; END $$`),
    proven: false,
    there: false,
    only: ['PostgreSQL'],
  },
  {
    what: 'a block that rolls back a part of itself',
    then: run(`DO $$ BEGIN INSERT INTO note (id) VALUES ('taken'); EXCEPTION WHEN unique_violation THEN NULL; END $$`),
    proven: true,
    there: true,
    only: ['PostgreSQL'],
  },
  {
    what: 'PREPARE TRANSACTION',
    then: (manager) => swallow(manager.query(`PREPARE TRANSACTION 'a commit proof'`)),
    proven: false,
    there: false,
    only: ['PostgreSQL'],
  },
  {
    what: 'a procedure that rolls back and begins',
    then: run('CALL roll_back_and_begin()'),
    proven: false,
    there: false,
    only: MYSQLS,
  },
  {
    what: 'a prepared ROLLBACK',
    then: run(`PREPARE undo FROM 'ROLLBACK'`, 'EXECUTE undo', 'BEGIN'),
    proven: false,
    there: false,
    only: MYSQLS,
  },
  {
    what: 'a ROLLBACK in the binary protocol',
    then: async (manager) => {
      const connection = (await manager.queryRunner!.connect()) as {
        execute(sql: string, done: (error: Error | null) => void): void;
      };
      await new Promise<void>((resolve) => connection.execute('ROLLBACK', () => resolve()));
      await manager.query('BEGIN');
    },
    proven: false,
    there: false,
    only: MYSQLS,
  },
  {
    what: 'a statement that commits by itself',
    then: run('CREATE TABLE IF NOT EXISTS made_meanwhile (n int)'),
    proven: false,
    there: true,
    only: MYSQLS,
  },
  { what: 'SET autocommit', then: run('SET autocommit = 1'), proven: false, there: true, only: MYSQLS },
  {
    what: 'XA, which is refused in a transaction, and is ignored',
    then: swallowed(`XA START 'a-commit-proof'`),
    proven: false,
    there: true,
    only: MYSQLS,
  },
  {
    what: 'a block without a procedure',
    then: run('BEGIN NOT ATOMIC ROLLBACK; START TRANSACTION; END'),
    proven: false,
    there: false,
    only: ['MariaDB'],
  },
];

describeDatabases('the proof of a commit', (db) => {
  let dataSource: DataSource;
  let context: TypeOrmTransactionContext;

  beforeAll(async () => {
    dataSource = await connectWithNotes(db);
    context = new TypeOrmTransactionContext(dataSource);
    if (db.family === 'MySQL') {
      await db.query('CREATE PROCEDURE roll_back_and_begin() BEGIN ROLLBACK; START TRANSACTION; END');
    } else {
      await db.query('CREATE TABLE strict_note (id varchar(64) REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)');
    }
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

  for (const { what, then, proven, there } of WAYS.filter(({ only }) => !only || only.includes(db.name))) {
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
