import { createHash } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import type { Clock } from '../../core/runtime/clock.js';
import { MqError } from '../../core/errors/mq-error.js';
import { dataSourceOf } from '../connection/data-source-of.js';
import type { Dialect } from '../databases/dialect.js';
import type { TableLocation } from '../sql/table-names.js';

const POLL_MS = 100;
const GIVE_UP_MS = 10 * 60_000;

/**
 * Runs `work` under the lock of this set of tables, for which all instances of an application compete.
 *
 * Where tables can be created in a transaction, the lock is that transaction: it ends with it, whatever happens to the
 * process. A lock of the session would stay behind in a pooler that hands a session to somebody else after each
 * transaction (PgBouncer), and nobody could migrate until that session ends.
 *
 * On the connection of `work` itself: a second one would need a pool of two, and would outlive the first when it breaks.
 */
export async function withSchemaLock<T>(
  runner: QueryRunner,
  dialect: Dialect,
  location: TableLocation,
  clock: Clock,
  work: () => Promise<T>,
): Promise<T> {
  const name = lockName(runner, location);
  const deadline = clock.monotonic() + GIVE_UP_MS;
  while (!(await dialect.tryLock(runner, name))) {
    if (clock.monotonic() > deadline) {
      throw new MqError(
        'MQ_DATABASE_UNAVAILABLE',
        `another process has been migrating the tables "${location.prefix}*" for ${GIVE_UP_MS / 60_000} minutes; look for a session that holds the lock ${name}`,
        { retryable: true },
      );
    }
    await clock.sleep(POLL_MS);
  }
  try {
    const result = await work();
    await dialect.unlock(runner, name, 'done');
    return result;
  } catch (error) {
    // A connection that broke has given the lock back by breaking; its error must not hide that of `work`.
    await dialect.unlock(runner, name, 'failed').catch(() => undefined);
    throw error;
  }
}

/** MySQL allows 64 characters, and its locks are shared by all databases of a server. */
function lockName(runner: QueryRunner, { prefix, schema }: TableLocation): string {
  const database = String(dataSourceOf(runner).driver.database ?? '');
  return `mq:${createHash('sha256')
    .update([database, schema ?? '', prefix].join('\0'))
    .digest('hex')
    .slice(0, 40)}`;
}
