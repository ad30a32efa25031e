import { sql } from '../../sql/sql.js';
import { runSql } from '../../sql/run-sql.js';
import type { DeliveryDialect } from '../delivery-dialect.js';
import { isDuplicateKey } from './errors.js';
import { mysqlSyntax } from './syntax.js';

const LIFT = 'SET innodb_lock_wait_timeout = @mq_lock_wait';

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
  async insert(runner, { into, values }) {
    try {
      await runSql(runner, mysqlSyntax, sql`${into} ${values}`);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  },

  async enter(runner, rows) {
    const entered = await this.insert(runner, rows);
    await runner.query(LIFT);
    return entered;
  },

  /** Most batches are new as a whole. Where one is not, rows that are there are left as they are; IGNORE would cut values that do not fit. */
  async enterAll(runner, inboxRows, _, inserted) {
    let entered: 'all' | readonly string[] = 'all';
    if (!(await this.insert(runner, inboxRows))) {
      const { into, values } = inboxRows;
      await runSql(runner, mysqlSyntax, sql`${into} ${values} ON DUPLICATE KEY UPDATE token = token`);
      const { rows } = await runSql<{ message_id: string }>(runner, mysqlSyntax, inserted);
      entered = rows.map(({ message_id }) => message_id);
    }
    await runner.query(LIFT);
    return entered;
  },
};
