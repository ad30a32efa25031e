import type { EntityManager } from 'typeorm';
import type { TestDatabase } from './database.js';

const OWN_ID = { PostgreSQL: 'pg_backend_pid()', MySQL: 'connection_id()' } as const;
const KILL = { PostgreSQL: 'SELECT pg_terminate_backend(%)', MySQL: 'KILL %' } as const;

/** What the server calls the connection of this manager. */
export async function sessionId(db: TestDatabase, manager: EntityManager): Promise<string> {
  const [row] = (await manager.query(`SELECT ${OWN_ID[db.family]} AS id`)) as [{ id: string }];
  return String(row.id);
}

/** Breaks a connection from the server's side. */
export async function killSession(db: TestDatabase, id: string): Promise<void> {
  await db.query(KILL[db.family].replace('%', id));
}
