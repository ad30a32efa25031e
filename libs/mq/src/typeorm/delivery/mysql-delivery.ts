import type { Duplex } from 'node:stream';
import { mysql } from '../dialects/mysql.js';
import { runSql } from '../store/run-sql.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import { insertInboxRow } from './inbox-row.js';
import { MysqlConnection } from './mysql-connection.js';

/** What of the driver's pool nothing public tells. */
interface Pool {
  readonly _allConnections?: { toArray?(): { readonly authorized: boolean; readonly stream: Duplex }[] };
}

/** MySQL and MariaDB. */
export const mysqlDelivery: DeliveryDialect = {
  /**
   * Without autocommit, because a deadlock makes the server roll back the whole transaction: what a handler that
   * swallowed the error writes next would be committed statement by statement, and stay when the delivery is rolled
   * back. The user's own values wait in session variables. The lock wait counts in whole seconds.
   */
  settings(lockWaitMs) {
    const seconds = Math.max(1, Math.floor(lockWaitMs / 1_000));
    return {
      apply:
        'SET @mq_autocommit = @@autocommit, @mq_lock_wait = @@innodb_lock_wait_timeout, ' +
        `autocommit = 0, innodb_lock_wait_timeout = ${seconds}`,
      restore: 'SET autocommit = @mq_autocommit, innodb_lock_wait_timeout = @mq_lock_wait',
    };
  },

  /** A failed statement leaves the transaction usable here. */
  async insert(runner, inbox, row) {
    try {
      await runSql(runner, mysql, insertInboxRow(mysql, inbox, row));
      return true;
    } catch (error) {
      if (mysql.isUniqueViolation(error)) return false;
      throw error;
    }
  },

  async enter(runner, inbox, row) {
    const entered = await this.insert(runner, inbox, row);
    await runner.query('SET innodb_lock_wait_timeout = @mq_lock_wait');
    return entered;
  },

  stopConnecting(dataSource) {
    const { pool } = dataSource.driver as unknown as { pool?: Pool };
    for (const { authorized, stream } of pool?._allConnections?.toArray?.() ?? []) {
      if (!authorized) stream.destroy(new Error('nobody waits for this connection any more'));
    }
  },

  connectionOf: async (runner) => new MysqlConnection(runner, await runner.connect()),
};
