import type { EntityManager } from 'typeorm';
import type { DatabaseName, TestDatabase } from '../../support/database.js';
import { Note } from './note.entity.js';

/** What an application does after a row was inserted that has to be there, and before it commits. It finds a note `taken`. */
export interface Way {
  readonly what: string;
  readonly then: (manager: EntityManager) => Promise<unknown>;
  /** Whether its end is a proof; else somebody has to look. */
  readonly proven: boolean;
  /** Whether the row is there in the end. */
  readonly there: boolean;
  readonly only?: readonly DatabaseName[];
}

const MYSQLS = ['MySQL', 'MariaDB'] as const;
export const swallow = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);
export const run =
  (...statements: string[]) =>
  async (manager: EntityManager): Promise<void> => {
    for (const statement of statements) await manager.query(statement);
  };
export const swallowed =
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
    what: 'a COMMIT among several statements in one text',
    then: run(`SELECT 1; COMMIT; BEGIN`),
    proven: false,
    there: true,
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

/** The ways that there are on this database. */
export function waysOf({ name }: TestDatabase): readonly Way[] {
  return WAYS.filter(({ only }) => !only || only.includes(name));
}

/** Makes what they need. */
export async function prepareWays(db: TestDatabase): Promise<void> {
  if (db.family === 'MySQL') {
    await db.query('CREATE PROCEDURE roll_back_and_begin() BEGIN ROLLBACK; START TRANSACTION; END');
  } else {
    await db.query('CREATE TABLE strict_note (id varchar(64) REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)');
  }
}
