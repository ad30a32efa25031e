import type { DataSource, QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { oneLine } from '../../core/runtime/one-line.js';
import type { Dialect } from '../databases/dialect.js';
import { list, raw, sql } from '../sql/sql.js';
import { locateTables } from '../entities/locate-tables.js';
import { appliedMigrations } from '../migrations/applied-migrations.js';
import { HeldConnections } from '../connection/held-connections.js';
import { runSql } from '../sql/run-sql.js';
import { type MqTables, tableNames, type TableNames } from '../sql/table-names.js';
import { otherTableSets } from './other-table-sets.js';

/** What identifies a connection in tables that it used under another name. */
export interface ConnectionTraces {
  readonly connection: string;
  /** Names of its topics and groups at the broker. */
  readonly topics: readonly string[];
  readonly groupIds: readonly string[];
  /** `identity` of its transport, and of those whose rows it adopts. */
  readonly brokers: readonly string[];
  /** Of all connections of the application: their tables are nobody's old ones. */
  readonly usedPrefixes: readonly string[];
}

/** How many finished rows are read, of which there may be millions. */
const RECENT = 1_000;

/**
 * Refuses to go on with tables that do not exist yet, and whose prefix nobody wrote down, when this schema has other ones
 * in which this connection shows: it follows from the name, so a new name would be a new, empty set. What has not left would
 * stay in the old one for ever, and the new inbox would let everything be handled again that comes a second time, as it does
 * while old and new copies run side by side.
 *
 * Tables that exist are never questioned: somebody wrote their prefix down, for a script, or an earlier boot came through
 * here. That an inbox is empty proves nothing later on, because it is pruned.
 *
 * @throws {MqError} `MQ_CONNECTION_RENAMED`
 */
export async function refuseRename(dataSource: DataSource, options: MqTables, traces: ConnectionTraces): Promise<void> {
  const { dialect, tables } = locateTables(dataSource, options);
  const { schema } = tables;
  if (schema === null) return;
  await new HeldConnections(dataSource).use(async (runner) => {
    if ((await appliedMigrations(runner, dialect, tables)).size > 0) return;
    for (const prefix of await otherTableSets(runner, dialect, schema, traces.usedPrefixes)) {
      const others = tableNames(dataSource, dialect, { ...options, prefix });
      const evidence = await readable(dialect, () => lookInto(runner, dialect, others, traces));
      if (evidence) throw refusal(tables, prefix, traces, evidence);
    }
  });
}

interface Evidence {
  readonly what: string;
  /** Names of the connections that published what was found. */
  readonly publishers: readonly string[];
}

async function lookInto(
  runner: QueryRunner,
  dialect: Dialect,
  others: TableNames,
  { topics, groupIds, brokers }: ConnectionTraces,
): Promise<Evidence | null> {
  const handled =
    groupIds.length === 0
      ? []
      : await column(
          runner,
          dialect,
          sql`SELECT group_id AS value FROM ${raw(others.inbox)} WHERE group_id IN (${list(groupIds)}) LIMIT 1`,
        );
  if (topics.length === 0) return handled.length === 0 ? null : inboxOf(handled[0]!, []);

  const ours = sql`broker IN (${list(brokers)}) AND topic IN (${list(topics)})`;
  const outbox = raw(others.statusLog);
  const unfinished = await column(
    runner,
    dialect,
    sql`SELECT DISTINCT connection AS value FROM ${outbox} WHERE due_at IS NOT NULL AND ${ours}`,
  );
  const recent = sql`SELECT connection, broker, topic FROM ${outbox} WHERE done_at IS NOT NULL ORDER BY done_at DESC LIMIT ${raw(String(RECENT))}`;
  const finished = await column(
    runner,
    dialect,
    sql`SELECT DISTINCT connection AS value FROM (${recent}) AS recent WHERE ${ours}`,
  );
  const publishers = [...new Set([...unfinished, ...finished])].toSorted();
  if (handled.length > 0) return inboxOf(handled[0]!, publishers);
  if (unfinished.length > 0) return { what: 'messages of its topics that have not left', publishers };
  // Who handles messages is known by the inbox, and may well have a topic that another service publishes. Who only
  // publishes has nothing else; old copies would go on publishing into the old tables after this look.
  if (groupIds.length === 0 && finished.length > 0) return { what: 'messages of its topics', publishers };
  return null;
}

const inboxOf = (groupId: string, publishers: readonly string[]): Evidence => ({
  what: `what its group '${oneLine(groupId)}' has handled`,
  publishers,
});

async function column(runner: QueryRunner, dialect: Dialect, statement: ReturnType<typeof sql>): Promise<string[]> {
  const { rows } = await runSql<{ value: string }>(runner, dialect, statement);
  return rows.map(({ value }) => value);
}

/** Tables that cannot be read, for want of a permission or of a column, were never those of this application. */
async function readable<T>(dialect: Dialect, look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (dialect.isConnectionLost(error) || dialect.isContention(error) || error instanceof MqError) throw error;
    return null;
  }
}

function refusal(
  { prefix }: TableNames,
  old: string,
  traces: ConnectionTraces,
  { what, publishers }: Evidence,
): MqError {
  const { connection } = traces;
  const names = publishers.filter((name) => name !== connection).map((name) => `'${oneLine(name)}'`);
  const adopt = names.length > 0 ? names.join(', ') : `'<its old name>'`;
  return new MqError(
    'MQ_CONNECTION_RENAMED',
    `the tables "${prefix}*" of the connection '${connection}' do not exist; their prefix follows from its name. But the tables ` +
      `"${old}*", which no connection of this application uses, hold ${what}. If the connection had another name, stay with ` +
      `them: tables: { prefix: '${old}' }, connections: [${adopt}]. If it shall begin with tables of its own, write their ` +
      `prefix down: tables: { prefix: '${prefix}' }.`,
    { details: { connection, prefix, found: old, publishers } },
  );
}
