import type { DeadRows, Examination, FoundCheck, FoundColumn, FoundIndex, OpenTransaction } from '../examination.js';
import { readPostgresPlan } from './plan.js';
import { postgresMend } from './mend.js';

/** Of our tables, of which this column holds the id. */
const ours = (
  id: string,
): string => `JOIN pg_catalog.pg_class AS c ON c.oid = ${id} JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = COALESCE($1::name, current_schema()) AND c.relname = ANY($2::name[])`;
/** Fewer are cleaned up in a moment, and cost nothing that anybody could measure. */
const MANY_DEAD = 10_000;

export const postgresExamination: Examination = {
  async columns(runner, schema, tables) {
    const rows = await runner.query(
      `SELECT c.relname AS table, x.attname AS name, format_type(x.atttypid, x.atttypmod) AS type, l.collname AS collation,
         NOT x.attnotnull AS nullable, (x.atthasdef OR x.attidentity <> '') AS has_default
       FROM pg_catalog.pg_attribute AS x LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = x.attcollation ${ours('x.attrelid')}
         AND x.attnum > 0 AND NOT x.attisdropped`,
      [schema, tables],
    );
    return (rows as (Omit<FoundColumn, 'hasDefault'> & { has_default: boolean })[]).map(
      ({ table, name, type, collation, nullable, has_default: hasDefault }) => ({
        table,
        name,
        nullable,
        hasDefault,
        type: type.replace('character varying', 'varchar'),
        collation: collation === 'default' ? null : collation,
      }),
    );
  },

  async indexes(runner, schema, tables) {
    const rows = await runner.query(
      `SELECT c.relname AS table, i.relname AS index, x.indisprimary AS primary, x.indisvalid AND x.indisready AS usable,
         array(SELECT pg_get_indexdef(x.indexrelid, k, true) FROM generate_series(1, x.indnkeyatts) AS k) AS columns
       FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid ${ours('x.indrelid')}`,
      [schema, tables],
    );
    return (rows as (FoundIndex & { index: string; primary: boolean })[]).map(
      ({ table, index, primary, usable, columns }) => ({ table, name: primary ? null : index, usable, columns }),
    );
  },

  async checks(runner, schema, tables) {
    return (await runner.query(
      `SELECT c.relname AS table, x.conname AS name, x.convalidated AS enforced
       FROM pg_catalog.pg_constraint AS x ${ours('x.conrelid')} AND x.contype = 'c'`,
      [schema, tables],
    )) as FoundCheck[];
  },

  async cautions(runner) {
    const [row] = (await runner.query(`SELECT current_setting('default_transaction_isolation') AS level`)) as [
      { level: string },
    ];
    if (row.level === 'read committed') return [];
    return [
      {
        setting: 'default_transaction_isolation',
        value: row.level,
        sentence:
          'each statement of the relay takes three round trips instead of one, and handlers fail where others would wait (40001) and are run again',
        todo: `ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'read committed'; (and ask for more where a transaction needs it)`,
      },
    ];
  },

  async openTransactions(runner, olderThanMs) {
    // What was asked is no business of ours: it may hold a payload.
    const sessions = (await runner.query(
      `SELECT pid, usename AS user, state, (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::bigint AS open_ms
       FROM pg_catalog.pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
         AND xact_start < clock_timestamp() - $1 * interval '1 millisecond'
       ORDER BY xact_start LIMIT 5`,
      [olderThanMs],
    )) as { pid: number; user: string | null; state: string | null; open_ms: string }[];
    const prepared = (await runner.query(
      `SELECT gid, owner AS user, (extract(epoch FROM clock_timestamp() - prepared) * 1000)::bigint AS open_ms
       FROM pg_catalog.pg_prepared_xacts
       WHERE database = current_database() AND prepared < clock_timestamp() - $1 * interval '1 millisecond'
       ORDER BY prepared LIMIT 5`,
      [olderThanMs],
    )) as { gid: string; user: string; open_ms: string }[];
    return [
      ...sessions.map(({ pid, user, state, open_ms: ms }): OpenTransaction => {
        return {
          session: `pid ${pid}`,
          user,
          state: state ?? 'unknown',
          openMs: Number(ms),
          end: `SELECT pg_terminate_backend(${pid});`,
        };
      }),
      ...prepared.map(({ gid, user, open_ms: ms }): OpenTransaction => {
        const quoted = `'${gid.replaceAll("'", "''")}'`;
        return {
          session: `prepared ${quoted}`,
          user,
          state: 'prepared',
          openMs: Number(ms),
          end: `ROLLBACK PREPARED ${quoted};`,
        };
      }),
    ];
  },

  plan: readPostgresPlan,

  async deadRows(runner, { schema, prefix }) {
    const rows = (await runner.query(
      `SELECT relname AS table, n_dead_tup AS dead, n_live_tup AS live FROM pg_catalog.pg_stat_user_tables
       WHERE schemaname = COALESCE($1::name, current_schema()) AND starts_with(relname::text, $2)
         AND n_dead_tup > ${MANY_DEAD} AND n_dead_tup > n_live_tup`,
      [schema, prefix],
    )) as { table: string; dead: string; live: string }[];
    return rows.map(({ table, dead, live }): DeadRows => ({ table, dead: Number(dead), live: Number(live) }));
  },

  mend: postgresMend,
};
