import type { TableNames } from '../../sql/table-names.js';

interface Types {
  /** What comes after the type of a column of ours: its character set and collation. */
  readonly id: string;
  readonly text: string;
  readonly options: string;
}

/** Tables that no message needs to get through, and people who run the application do: small, or written now and then. */
export function mysqlOperationTables(tables: TableNames, { id, text, options }: Types): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${tables.node} (
  id varchar(36) ${id} NOT NULL,
  connection varchar(128) ${text} NOT NULL,
  instance varchar(128) ${text} NOT NULL,
  version varchar(32) ${text} NOT NULL,
  roles varchar(64) ${text} NOT NULL,
  started_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  clock_offset bigint NOT NULL,
  state longtext ${text} NOT NULL,
  PRIMARY KEY (id)
) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.pause} (
  connection varchar(128) ${text} NOT NULL,
  target varchar(255) ${text} NOT NULL,
  topic varchar(255) ${text},
  paused boolean NOT NULL,
  reason text ${text} NOT NULL,
  actor varchar(128) ${text} NOT NULL,
  paused_at bigint NOT NULL,
  until_at bigint,
  version bigint NOT NULL,
  PRIMARY KEY (connection, target)
) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.action} (
  id varchar(36) ${id} NOT NULL,
  connection varchar(128) ${text} NOT NULL,
  action varchar(16) ${id} NOT NULL,
  actor varchar(128) ${text} NOT NULL,
  reason text ${text} NOT NULL,
  target varchar(255) ${text} NOT NULL,
  details longtext ${text},
  affected int NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (id),
  KEY ${tables.named('ix_action_created')} (created_at),
  KEY ${tables.named('ix_action_target')} (target)
) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.copy} (
  group_id varchar(255) ${text} NOT NULL,
  message_id varchar(255) ${text} NOT NULL,
  reason varchar(16) ${id} NOT NULL,
  copies int NOT NULL,
  last_at bigint NOT NULL,
  PRIMARY KEY (group_id, message_id, reason),
  KEY ${tables.named('ix_copy_last')} (last_at)
) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.duty} (
  duty varchar(32) ${id} NOT NULL,
  owner varchar(36) ${id},
  until_at bigint NOT NULL,
  PRIMARY KEY (duty)
) ${options}`,
  ];
}
