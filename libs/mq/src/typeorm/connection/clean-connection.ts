import type { QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { mark, type RawConnection } from '../databases/raw-connection.js';
import type { Dialect } from '../databases/dialect.js';

/** Where a query runner keeps its connection; `protected` in every version of TypeORM that this library supports. */
interface Holder {
  databaseConnection: unknown;
  databaseConnectionPromise: unknown;
}

/** More than any pool holds: then it is no leak, but a server that says so of every connection. */
const TRIES = 1_000;

/**
 * Gives the query runner a connection that is in no transaction.
 *
 * A query runner that was released without COMMIT or ROLLBACK leaves its transaction open in the pool. The next user of
 * that connection sees rows that nobody has committed, and commits them together with its own. Such a connection is
 * closed, which rolls back, and the pool is asked for another one. To be called before the first statement.
 *
 * @param received called with each connection that the pool gives, before any statement runs on it
 */
export async function connectClean(
  runner: QueryRunner,
  dialect: Dialect,
  received: (connection: RawConnection) => void = () => {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    received(await dialect.connectionOf(runner));
    if (!(await isInTransaction(runner, dialect))) return;
    await closeConnection(runner, dialect, 'it came out of the pool inside a transaction');
    if (attempt === TRIES) throw alwaysInTransaction(dialect);
    Object.assign(runner as unknown as Holder, { databaseConnection: undefined, databaseConnectionPromise: undefined });
    mark(runner, { isReleased: false });
  }
}

/** Takes the connection of this query runner out of the pool. */
export async function closeConnection(runner: QueryRunner, dialect: Dialect, why: string): Promise<void> {
  const connection = await dialect.connectionOf(runner);
  connection.destroy(new Error(`the connection was closed: ${why}`));
}

/** Whether the connection is in a transaction, as its server said last; the server is asked if it has not said anything yet. */
async function isInTransaction(runner: QueryRunner, dialect: Dialect): Promise<boolean> {
  const watch = dialect.watch((await runner.connect()) as object);
  if (watch.state === 'unknown') await runner.query(dialect.probe);
  return watch.state !== 'none';
}

function alwaysInTransaction({ name }: Dialect): MqError {
  return new MqError(
    'MQ_DATABASE_UNAVAILABLE',
    `${name} says of every connection that it is inside a transaction already, so none can be worked with. ` +
      'Look for an init_connect, or a proxy, that begins transactions.',
    { retryable: true },
  );
}
