import type { QueryRunner } from 'typeorm';
import type { TestDatabase } from '../database.js';

/** Makes this session give up a lock after so many seconds, so that being blocked is an error and not a wait. */
export async function giveUpAfter(db: TestDatabase, runner: QueryRunner, seconds: number): Promise<void> {
  await runner.query(
    db.name === 'PostgreSQL' ? `SET lock_timeout = '${seconds}s'` : `SET SESSION innodb_lock_wait_timeout = ${seconds}`,
  );
}
