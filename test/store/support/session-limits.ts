import type { QueryRunner } from 'typeorm';
import type { TestDatabase } from '../../support/database.js';

/** Makes this session give up a lock after a second, so that being blocked is an error and not a wait. */
export async function giveUpSoon(db: TestDatabase, runner: QueryRunner): Promise<void> {
  await runner.query(db.name === 'PostgreSQL' ? `SET lock_timeout = '1s'` : 'SET SESSION innodb_lock_wait_timeout = 1');
}
