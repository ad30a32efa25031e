import { list, raw, sql } from '../sql/sql.js';
import type { Reader } from '../store/reader.js';
import { ERROR_COLUMNS, type ErrorRow, ROW_COLUMNS, type StatusRow } from './rows.js';

/** Messages of one key that are looked at: the newest. */
const MOST_MESSAGES = 20;
/** A message has few replays, so among so many rows are the newest messages. */
const ROWS_OF_KEY = 100;
/** Where a key is used for more than this, the newest of these: sorting all of them would take as long as there are. */
const KEY_ROWS_READ = 10_000;
/** `maxAttempts` of each group and replay stays far below. */
const MOST_ERRORS = 2_000;
const MOST_ROWS = 1_000;

/**
 * Which messages a text means. It may be the id of one that has no row which would say so: what other producers have sent, and
 * what is pruned. Not if it is the id of a row: that of a replay, or of an error, is no message beside the one that it is about.
 */
export async function messagesMeant(reader: Reader, text: string): Promise<string[]> {
  const { dialect, tables } = reader;
  const [statusLog, errorLog] = [raw(tables.statusLog), raw(tables.errorLog)];
  const rows = await reader.read<{ message_id: string }>(sql`
    SELECT COALESCE(t.replay_of, t.id) AS message_id FROM ${statusLog} AS t WHERE t.id = ${text}
    UNION ALL
    SELECT COALESCE(t.replay_of, e.message_id) FROM ${errorLog} AS e LEFT JOIN ${statusLog} AS t ON t.id = e.message_id
      WHERE e.id = ${text} AND e.message_id IS NOT NULL`);
  // Inside without an order: PostgreSQL would else walk down the primary key in search of a rare key.
  const ofKey = await reader.read<{ message_id: string }>(sql`
    SELECT COALESCE(k.replay_of, k.id) AS message_id FROM (
      SELECT t.id, t.replay_of FROM ${statusLog} AS t ${dialect.useIndex(tables, 'ix_key')} WHERE t.msg_key = ${text}
      LIMIT ${KEY_ROWS_READ}) AS k ORDER BY k.id DESC LIMIT ${ROWS_OF_KEY}`);
  const found = [...new Set([...rows, ...ofKey].map((row) => row.message_id))].slice(0, MOST_MESSAGES);
  return rows.length > 0 || found.includes(text) ? found : [...found, text];
}

/** Rows of these messages, and those that replay them: oldest first. Ids sort by time. */
export async function rowsOf(reader: Reader, messageIds: readonly string[]): Promise<StatusRow[]> {
  const { dialect, tables } = reader;
  const [statusLog, columns, ids] = [raw(tables.statusLog), raw(ROW_COLUMNS), list(messageIds)];
  const rows = await reader.read<StatusRow>(sql`
    SELECT ${columns} FROM ${statusLog} AS t WHERE t.id IN (${ids})
    UNION ALL
    (SELECT ${columns} FROM ${statusLog} AS t ${dialect.useIndex(tables, 'ix_replay')}
      WHERE t.replay_of IS NOT NULL AND t.replay_of IN (${ids}) LIMIT ${MOST_ROWS})`);
  return rows.sort(byId);
}

/** Error rows of these messages and rows, oldest first. */
export async function errorsOf(reader: Reader, ids: readonly string[]): Promise<ErrorRow[]> {
  const { dialect, tables } = reader;
  const rows = await reader.read<ErrorRow>(sql`SELECT ${raw(ERROR_COLUMNS)} FROM ${raw(tables.errorLog)} AS e
    ${dialect.useIndex(tables, 'ix_error_message')} WHERE e.message_id IN (${list(ids)}) LIMIT ${MOST_ERRORS}`);
  return rows.sort(byId);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
