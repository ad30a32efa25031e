import type { DataSource } from 'typeorm';
import type { TestDatabase } from '../database.js';
import type { RecordingLogger } from './recording-logger.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/**
 * How many rows and index entries the statements of `work` read, by the database's own count. `dataSource` has a pool of
 * one, because MariaDB and MySQL count for each session; PostgreSQL is asked to explain the reading statements after they ran.
 */
export async function countReads(
  db: TestDatabase,
  dataSource: DataSource,
  recorder: RecordingLogger,
  work: () => Promise<unknown>,
): Promise<number> {
  const start = recorder.statements.length;
  if (db.family === 'MySQL') {
    await dataSource.query('FLUSH STATUS');
    await work();
    const rows = (await dataSource.query(`SHOW SESSION STATUS LIKE 'Handler_read%'`)) as { Value: string }[];
    return rows.reduce((sum, row) => sum + Number(row.Value), 0);
  }
  await work();
  const selects = recorder.statements.slice(start).filter(({ sql }) => /^\s*SELECT/.test(sql) && sql.includes('mq_'));
  let reads = 0;
  for (const { sql, parameters } of selects) reads += readsOf(await explain(dataSource, sql, parameters));
  return reads;
}

/** The plan of a statement of PostgreSQL after running it; what it changed is rolled back. */
export async function explain(dataSource: DataSource, sql: string, parameters: unknown[]): Promise<PlanNode> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    const [row] = (await runner.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, parameters)) as [
      { 'QUERY PLAN': [{ Plan: PlanNode }] },
    ];
    return row['QUERY PLAN'][0].Plan;
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

export function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** Rows that the scans of a plan looked at. */
export function readsOf(plan: PlanNode): number {
  return nodesOf(plan)
    .filter((node) => node['Node Type'].includes('Scan'))
    .reduce(
      (sum, node) =>
        sum + (node['Actual Loops'] ?? 0) * ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)),
      0,
    );
}
