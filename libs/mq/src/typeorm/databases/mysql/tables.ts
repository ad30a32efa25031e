import type { QueryRunner } from 'typeorm';
import type { TableNames } from '../../sql/table-names.js';
import { STATUS_CHECKS } from '../status-checks.js';
import { mysqlOperationTables } from './operation-tables.js';

/** How MySQL and MariaDB compare ids: byte by byte. */
export const ID_COLLATION = 'utf8mb4_bin';

/**
 * For ids, tokens and hashes, which are ours, have no spaces, and are joined with lists of parameters: this collation has
 * the same name on every server. Not `ascii`: comparing such a column with an id from outside that is not ASCII is an
 * error and not a mismatch.
 */
const ID = `CHARACTER SET utf8mb4 COLLATE ${ID_COLLATION}`;

/**
 * A collation in which only equal texts are equal. The default ones ignore case and accents, and even `utf8mb4_bin`
 * ignores spaces at the end: a message `a ` would be taken for a copy of `a`, and be dropped.
 * MySQL 8 calls it `utf8mb4_0900_bin`, MariaDB `utf8mb4_nopad_bin`.
 */
export async function exactCollation(runner: QueryRunner): Promise<string> {
  const rows = (await runner.query(
    `SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS
     WHERE COLLATION_NAME IN ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin', 'utf8mb4_bin')`,
  )) as { name: string }[];
  const known = new Set(rows.map((row) => row.name));
  return ['utf8mb4_nopad_bin', 'utf8mb4_0900_bin'].find((name) => known.has(name)) ?? 'utf8mb4_bin';
}

/**
 * `due_at` and `open_key` are NULL in finished rows, which keeps those out of every range that a sweep reads: the effect of
 * a partial index. `seq` comes from AUTO_INCREMENT, which wants an index of its own.
 */
export function mysqlTables(tables: TableNames, exact: string): string[] {
  const text = `CHARACTER SET utf8mb4 COLLATE ${exact}`;
  const checks = STATUS_CHECKS.map(({ name, rule }) => `CONSTRAINT ${tables.named(name)} CHECK (${rule})`);
  const options = `ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE ${exact} ROW_FORMAT = DYNAMIC`;
  return [
    `CREATE TABLE IF NOT EXISTS ${tables.statusLog} (
  id varchar(36) ${ID} NOT NULL,
  status varchar(12) ${ID} NOT NULL,
  connection varchar(128) ${text} NOT NULL,
  broker varchar(255) ${text} NOT NULL,
  topic_alias varchar(128) ${text} NOT NULL,
  topic varchar(255) ${text} NOT NULL,
  instance_id varchar(255) ${text},
  tag varchar(255) ${text},
  msg_key varchar(255) ${text} NOT NULL,
  ordering_key varchar(255) ${text},
  open_key varchar(32) ${ID},
  seq bigint NOT NULL AUTO_INCREMENT,
  deliver_at bigint,
  settle_group varchar(128) ${text},
  settle_within bigint,
  replay_of varchar(255) ${ID},
  target_group varchar(255) ${text},
  deferred boolean NOT NULL DEFAULT false,
  broker_message_id varchar(255) ${text},
  last_error_code varchar(64) ${ID},
  last_error varchar(500) ${text},
  started_count int NOT NULL DEFAULT 0,
  failed_count int NOT NULL DEFAULT 0,
  max_attempts int NOT NULL,
  lease_token varchar(64) ${ID},
  lease_owner varchar(128) ${text},
  due_at bigint,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  done_at bigint,
  headers longtext ${text},
  payload longtext ${text} NOT NULL,
  payload_encoding varchar(16) ${ID},
  payload_bytes int NOT NULL,
  trace text ${ID},
  correlation_id varchar(255) ${ID},
  causation_id varchar(255) ${ID},
  PRIMARY KEY (id),
  KEY ${tables.named('ix_due')} (connection, broker, topic, due_at, id),
  KEY ${tables.named('ix_open')} (open_key, seq),
  KEY ${tables.named('ix_done')} (done_at),
  KEY ${tables.named('ix_key')} (msg_key),
  KEY ${tables.named('ix_replay')} (replay_of),
  KEY ${tables.named('ix_causation')} (causation_id),
  KEY ${tables.named('ix_seq')} (seq),
  ${checks.join(',\n  ')}
) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.errorLog} (
  id varchar(36) ${ID} NOT NULL,
  direction varchar(8) ${ID} NOT NULL,
  message_id varchar(255) ${ID},
  topic_alias varchar(128) ${text},
  tag varchar(255) ${text},
  msg_key varchar(255) ${text},
  group_alias varchar(128) ${text},
  group_id varchar(255) ${text},
  attempt int NOT NULL,
  parked boolean NOT NULL,
  error_class varchar(128) ${text} NOT NULL,
  error_code varchar(64) ${ID} NOT NULL,
  message text ${text} NOT NULL,
  stack mediumtext ${text},
  payload longtext ${text},
  payload_encoding varchar(16) ${ID},
  headers longtext ${text},
  ordering_key varchar(255) ${text},
  broker_message_id varchar(255) ${text},
  published_at bigint,
  instance varchar(128) ${text} NOT NULL,
  created_at bigint NOT NULL,
  resolution text ${text},
  resolved_by varchar(128) ${text},
  resolved_at bigint,
  decision varchar(16) ${ID},
  retain_from bigint,
  trace text ${ID},
  correlation_id varchar(255) ${ID},
  causation_id varchar(255) ${ID},
  PRIMARY KEY (id),
  KEY ${tables.named('ix_error_message')} (message_id, group_id),
  KEY ${tables.named('ix_error_retain')} (retain_from)
) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.inbox} (
  group_id varchar(255) ${text} NOT NULL,
  message_id varchar(255) ${text} NOT NULL,
  token varchar(64) ${ID} NOT NULL,
  state varchar(8) ${ID} NOT NULL,
  created_at bigint NOT NULL,
  body_digest bigint,
  PRIMARY KEY (group_id, message_id),
  KEY ${tables.named('ix_inbox_created')} (created_at),
  CONSTRAINT ${tables.named('ck_inbox_state')} CHECK (state IN ('STARTED', 'HANDLED', 'PARKED'))
) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.orderStripe} (
  id int NOT NULL,
  PRIMARY KEY (id)
) ${options}`,
    ...mysqlOperationTables(tables, { id: ID, text, options }),
  ];
}
