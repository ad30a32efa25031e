import type { QueryRunner } from 'typeorm';
import type { AwaitedRow, CopyReason } from '../../core/store/delivery-store.js';
import type { ErrorEntry } from '../../core/store/error-entry.js';
import type { Dialect } from '../databases/dialect.js';
import { list, raw, sql, type Sql } from '../sql/sql.js';
import { fitColumn } from '../sql/fit-column.js';
import { runSql, type SqlResult } from '../sql/run-sql.js';
import { insertErrors } from '../store/statements/insert-errors.js';
import type { TableNames } from '../sql/table-names.js';
import { type Entered, type FoundInboxRow, insertInboxRows, type InboxRow } from './inbox-row.js';
import { asUnstorable } from './as-unstorable.js';

/** What deliveries read and write besides the inbox row itself; the same on every database. */
export class DeliveryStatements {
  private readonly statusLog: Sql;
  private readonly inbox: Sql;

  constructor(
    readonly dialect: Dialect,
    readonly tables: TableNames,
  ) {
    this.statusLog = raw(tables.statusLog);
    this.inbox = raw(tables.inbox);
  }

  /** `false` when there is a row of this group and message already; the transaction goes on either way. */
  insertInboxRow(runner: QueryRunner, row: InboxRow): Promise<boolean> {
    return this.dialect.delivery.insert(runner, insertInboxRows(this.dialect, this.inbox, [row]));
  }

  /** The same for a delivery that begins: the handler's own statements then wait for locks as long as the user says. */
  enterInbox(runner: QueryRunner, row: InboxRow, lockWaitMs: number): Promise<boolean> {
    return this.dialect.delivery.enter(runner, insertInboxRows(this.dialect, this.inbox, [row]), lockWaitMs);
  }

  /** The same for many rows of one group under one token. Answers the ids of those that were not there. */
  async enterInboxAll(
    runner: QueryRunner,
    rows: readonly InboxRow[],
    lockWaitMs: number,
  ): Promise<ReadonlySet<string>> {
    const { groupId, token } = rows[0]!;
    const ids = rows.map(({ messageId }) => messageId);
    const inserted = sql`SELECT message_id FROM ${this.inbox}
      WHERE group_id = ${groupId} AND message_id IN (${list(ids)}) AND token = ${token}`;
    const entered = await this.dialect.delivery.enterAll(
      runner,
      insertInboxRows(this.dialect, this.inbox, rows),
      lockWaitMs,
      inserted,
    );
    return new Set(entered === 'all' ? ids : entered);
  }

  /** `null` when there is none. */
  async inboxRow(runner: QueryRunner, groupId: string, messageId: string): Promise<FoundInboxRow | null> {
    const { rows } = await this.run<FoundInboxRow>(
      runner,
      sql`SELECT state, body_digest FROM ${this.inbox} WHERE group_id = ${groupId} AND message_id = ${messageId}`,
    );
    return rows[0] ?? null;
  }

  /** What these rows have to become before something may commit them in the middle of an attempt. */
  startedAgain(entered: Entered): Sql {
    return sql`UPDATE ${this.inbox} SET state = 'STARTED' WHERE ${among(entered)}`;
  }

  /** Makes them handled, whatever they are; `false` when one of them is not there. */
  async markHandled(runner: QueryRunner, entered: Entered): Promise<boolean> {
    const { affected } = await this.run(
      runner,
      sql`UPDATE ${this.inbox} SET state = 'HANDLED' WHERE ${among(entered)}`,
    );
    // Where the driver counts rows that changed, those that were handled before are none.
    return affected === entered.messageIds.length || this.areHandled(runner, entered);
  }

  /** Whether all of them are there, and handled. */
  async areHandled(runner: QueryRunner, entered: Entered): Promise<boolean> {
    const { rows } = await this.run<{ handled: string | number }>(
      runner,
      sql`SELECT COUNT(*) AS handled FROM ${this.inbox} WHERE ${among(entered)} AND state = 'HANDLED'`,
    );
    return Number(rows[0]!.handled) === entered.messageIds.length;
  }

  /** Takes a row that was left half done; `false` when it is none any more. */
  async parkHalfDone(runner: QueryRunner, { groupId, messageId, token }: InboxRow): Promise<boolean> {
    const { affected } = await this.run(
      runner,
      sql`UPDATE ${this.inbox} SET state = 'PARKED', token = ${token}
        WHERE group_id = ${groupId} AND message_id = ${messageId} AND state = 'STARTED'`,
    );
    return affected === 1;
  }

  /** Reads from the table that every delivery which failed before is looked up in. */
  async probe(runner: QueryRunner): Promise<void> {
    await this.run(runner, sql`SELECT 1 FROM ${raw(this.tables.errorLog)} WHERE id = ''`);
  }

  /**
   * Finishes the status row of a message that its group has handled, whatever the sender knows by now: it may not have
   * marked the row yet, may have given it up (`DEAD`), or another process may be sending it again. Clearing the token
   * fences all of them off.
   */
  async settleRow(runner: QueryRunner, awaited: AwaitedRow, brokerMessageId: string): Promise<void> {
    await this.run(
      runner,
      sql`UPDATE ${this.statusLog} SET status = 'SENT', broker_message_id = ${brokerMessageId}, ${this.finished()}
        WHERE ${waitsFor(awaited)} AND status NOT IN ('SENT', 'CANCELLED')`,
    );
  }

  /** The group has given up on the message: nobody shall send it again. It left, so it holds no younger one back. */
  async markDead(runner: QueryRunner, entry: ErrorEntry, awaited: AwaitedRow): Promise<void> {
    await this.run(
      runner,
      sql`UPDATE ${this.statusLog} SET status = 'DEAD', last_error_code = ${entry.errorCode},
          last_error = ${fitColumn(entry.message, 500)}, ${this.finished()}
        WHERE ${waitsFor(awaited)} AND status NOT IN ('SENT', 'DEAD', 'CANCELLED')`,
    );
  }

  /** One statement, by the primary key. */
  async countCopy(runner: QueryRunner, groupId: string, messageId: string, reason: CopyReason): Promise<void> {
    const { nowMs, operations } = this.dialect;
    const count = operations.upsert({
      table: this.tables.copy,
      columns: ['group_id', 'message_id', 'reason', 'last_at', 'copies'],
      values: [...[groupId, messageId, reason].map((text) => sql`${text}`), nowMs, raw('1')],
      key: ['group_id', 'message_id', 'reason'],
      overwrite: ['last_at'],
      countUp: 'copies',
    });
    await this.dialect.standalone(runner, () => this.run(runner, count));
  }

  /** Recorded failures that nobody has resolved. */
  async countFailures(runner: QueryRunner, groupId: string, messageId: string): Promise<number> {
    const { rows } = await this.run<{ failures: string | number }>(
      runner,
      sql`SELECT COUNT(*) AS failures FROM ${raw(this.tables.errorLog)}
        WHERE message_id = ${messageId} AND group_id = ${groupId} AND direction = 'CONSUME' AND resolved_at IS NULL`,
    );
    return Number(rows[0]!.failures);
  }

  async insertError(runner: QueryRunner, entry: ErrorEntry): Promise<void> {
    await this.run(runner, insertErrors(this.dialect, this.tables, [entry]));
  }

  private finished(): Sql {
    return sql`lease_token = NULL, lease_owner = NULL, due_at = NULL, open_key = NULL, deferred = false,
      done_at = ${this.dialect.nowMs}, updated_at = ${this.dialect.nowMs}`;
  }

  /** @throws {Unstorable} instead of the database's error when that is about a value */
  private async run<Row>(runner: QueryRunner, statement: Sql): Promise<SqlResult<Row>> {
    try {
      return await runSql<Row>(runner, this.dialect, statement);
    } catch (error) {
      throw asUnstorable(this.dialect, error);
    }
  }
}

/** By primary key. The token tells them from those of another attempt. */
function among({ groupId, messageIds, token }: Entered): Sql {
  return sql`group_id = ${groupId} AND message_id IN (${list(messageIds)}) AND token = ${token}`;
}

/** By primary key. The id came over the wire, so the row must also say that it is of this message. */
function waitsFor({ id, messageId, group }: AwaitedRow): Sql {
  return sql`id = ${id} AND COALESCE(replay_of, id) = ${messageId} AND settle_group = ${group}`;
}
