import type { Duplex } from 'node:stream';
import type { QueryRunner } from 'typeorm';
import { postgres } from '../dialects/postgres.js';
import { raw, sql } from '../dialects/sql.js';
import { runSql } from '../store/run-sql.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import { insertInboxRow, type InboxRow } from './inbox-row.js';
import { PostgresConnection } from './postgres-connection.js';

/**
 * `lock_timeout` is set for the transaction only, and the user's value kept beside it in a setting of our own, so that
 * `enter` can put it back in the statement that inserts: RETURNING is evaluated after the wait, and only for a row that
 * was inserted; with a duplicate no handler runs.
 */
const LIFT = `set_config('lock_timeout', current_setting('mq.lock_timeout'), true)`;

/** What of the driver's pool nothing public tells. It does the same by itself, if `connectionTimeoutMillis` is set. */
interface Pool {
  readonly _clients?: readonly { readonly _connecting: boolean; readonly connection: { readonly stream: Duplex } }[];
}

export const postgresDelivery: DeliveryDialect = {
  settings(lockWaitMs) {
    // 0 would mean to wait for ever.
    const limit = Math.max(1, Math.floor(lockWaitMs));
    return {
      apply: `SELECT set_config('mq.lock_timeout', current_setting('lock_timeout'), true), set_config('lock_timeout', '${limit}', true)`,
      restore: null,
    };
  },

  insert: (runner, inbox, row) => insertReturning('1', runner, inbox, row),
  enter: (runner, inbox, row) => insertReturning(LIFT, runner, inbox, row),

  stopConnecting(dataSource) {
    const { master } = dataSource.driver as unknown as { master?: Pool };
    for (const { _connecting, connection } of master?._clients ?? []) {
      if (_connecting) connection.stream.destroy();
    }
  },

  connectionOf: async (runner) => new PostgresConnection(runner, await runner.connect()),
};

/** A failed statement would abort the transaction, so a conflict must not be an error. */
async function insertReturning(what: string, runner: QueryRunner, inbox: string, row: InboxRow): Promise<boolean> {
  const insert = sql`${insertInboxRow(postgres, inbox, row)} ON CONFLICT DO NOTHING RETURNING ${raw(what)}`;
  return (await runSql(runner, postgres, insert)).rows.length > 0;
}
