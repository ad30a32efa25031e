import type { TableNames } from '../../sql/table-names.js';

/** Tables that no message needs to get through, and people who run the application do: small, or written now and then. */
export function postgresOperationTables(tables: TableNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${tables.node} (
  id varchar(36) COLLATE "C" NOT NULL,
  connection varchar(128) COLLATE "C" NOT NULL,
  instance varchar(128) NOT NULL,
  version varchar(32) NOT NULL,
  roles varchar(64) NOT NULL,
  started_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  clock_offset bigint NOT NULL,
  state text NOT NULL,
  CONSTRAINT ${tables.named('node_pk')} PRIMARY KEY (id)
)`,
    `CREATE TABLE IF NOT EXISTS ${tables.pause} (
  connection varchar(128) COLLATE "C" NOT NULL,
  target varchar(255) COLLATE "C" NOT NULL,
  topic varchar(255) COLLATE "C",
  paused boolean NOT NULL,
  reason text NOT NULL,
  actor varchar(128) NOT NULL,
  paused_at bigint NOT NULL,
  until_at bigint,
  version bigint NOT NULL,
  CONSTRAINT ${tables.named('pause_pk')} PRIMARY KEY (connection, target)
)`,
    `CREATE TABLE IF NOT EXISTS ${tables.action} (
  id varchar(36) COLLATE "C" NOT NULL,
  connection varchar(128) COLLATE "C" NOT NULL,
  action varchar(16) COLLATE "C" NOT NULL,
  actor varchar(128) NOT NULL,
  reason text NOT NULL,
  target varchar(255) COLLATE "C" NOT NULL,
  details text,
  affected integer NOT NULL,
  created_at bigint NOT NULL,
  CONSTRAINT ${tables.named('action_pk')} PRIMARY KEY (id)
)`,
    `CREATE INDEX IF NOT EXISTS ${tables.named('ix_action_created')} ON ${tables.action} (created_at)`,
    `CREATE INDEX IF NOT EXISTS ${tables.named('ix_action_target')} ON ${tables.action} (target)`,
    `CREATE TABLE IF NOT EXISTS ${tables.copy} (
  group_id varchar(255) COLLATE "C" NOT NULL,
  message_id varchar(255) COLLATE "C" NOT NULL,
  reason varchar(16) COLLATE "C" NOT NULL,
  copies integer NOT NULL,
  last_at bigint NOT NULL,
  CONSTRAINT ${tables.named('copy_pk')} PRIMARY KEY (group_id, message_id, reason)
)`,
    `CREATE INDEX IF NOT EXISTS ${tables.named('ix_copy_last')} ON ${tables.copy} (last_at)`,
    `CREATE TABLE IF NOT EXISTS ${tables.duty} (
  duty varchar(32) COLLATE "C" NOT NULL,
  owner varchar(36) COLLATE "C",
  until_at bigint NOT NULL,
  CONSTRAINT ${tables.named('duty_pk')} PRIMARY KEY (duty)
)`,
  ];
}
