import { raw, type Sql } from '../../sql/sql.js';
import type { SessionSettings } from '../delivery-dialect.js';

/** How the wait for locks of the statement that inserts into the inbox is bounded, which counts in whole seconds. */
export interface LockWait {
  /** Together with what keeps the session out of autocommit. */
  settings(seconds: number): SessionSettings;
  /** Stands before the statement. */
  before(seconds: number): Sql;
  /** Comes after it, so that the handler's statements wait as long as the user says. `null`: nothing has to. */
  readonly lift: string | null;
}

/** The user's own value waits in a variable of the session. */
const OF_THE_SESSION: LockWait = {
  settings: (seconds) => ({
    apply:
      'SET @mq_autocommit = @@autocommit, @mq_lock_wait = @@innodb_lock_wait_timeout, ' +
      `autocommit = 0, innodb_lock_wait_timeout = ${seconds}`,
    restore: 'SET autocommit = @mq_autocommit, innodb_lock_wait_timeout = @mq_lock_wait',
  }),
  before: () => raw(''),
  lift: 'SET innodb_lock_wait_timeout = @mq_lock_wait',
};

/** One statement less. ("SET STATEMENT" in the documentation of MariaDB; MySQL has no such thing for this setting.) */
const OF_THE_STATEMENT: LockWait = {
  settings: () => ({
    apply: 'SET @mq_autocommit = @@autocommit, autocommit = 0',
    restore: 'SET autocommit = @mq_autocommit',
  }),
  before: (seconds) => raw(`SET STATEMENT innodb_lock_wait_timeout = ${seconds} FOR `),
  lift: null,
};

/** What of a connection of `mysql2` is used here: the server's greeting. */
interface Connection {
  readonly _handshakePacket?: { readonly serverVersion?: unknown };
}

/** What this server understands. One that does not say that it is MariaDB gets what both do. */
export function lockWaitOf(connection: object): LockWait {
  const version = (connection as Connection)._handshakePacket?.serverVersion;
  return typeof version === 'string' && version.includes('MariaDB') ? OF_THE_STATEMENT : OF_THE_SESSION;
}
