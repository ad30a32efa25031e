import type { BulkResult } from '../../core/operators/bulk.js';
import type { MessageFilter } from '../../core/store/admin-filter.js';
import type { BulkOptions } from '../../nest/services/admin/decide.js';
import type { Connection } from '../boot/connections.js';
import type { Decision } from './decision.js';
import { tableSets } from './table-sets.js';

/** What became of a filter in one set of tables, and what was done there through which connection. */
export interface SetResult extends BulkResult {
  /** Its connections. */
  readonly connection: string;
  readonly done: number;
}

export interface Done {
  readonly connection: Connection;
  readonly id: string;
}

interface Request {
  readonly decision: Decision;
  readonly filter: MessageFilter;
  readonly options: Omit<BulkOptions, 'onProgress'>;
  /** Called after each message, with how many were done or could not be, from the beginning. */
  readonly onProgress: (done: number) => void;
  readonly onDone: (done: Done) => void;
}

/** How many dead and parked messages a filter means, over all tables. */
export async function countUndecided(connections: readonly Connection[], filter: MessageFilter): Promise<number> {
  const counts = tableSets(connections).map(([first]) => first!.runtime.admin.countUndecided(filter));
  return (await Promise.all(counts)).reduce((sum, { count }) => sum + count, 0);
}

/**
 * Decides about all that a filter means, connection by connection. Connections that share tables each go through what the one
 * before could not do: a topic may be configured in one of them alone.
 */
export async function decideByFilter(connections: readonly Connection[], request: Request): Promise<SetResult[]> {
  const { decision, filter, options, onProgress, onDone } = request;
  const results: SetResult[] = [];
  let doneBefore = 0;
  for (const set of tableSets(connections)) {
    let result: BulkResult | null = null;
    for (const connection of set) {
      const max = options.max === undefined ? undefined : options.max - doneBefore;
      if (options.signal?.aborted || max === 0 || result?.failedTotal === 0) break;
      const before = doneBefore;
      const next = await decision.byFilter(connection.admin, filter, {
        ...options,
        ...(max !== undefined && { max }),
        onProgress: ({ done, failed, id }) => {
          onProgress(before + done + failed);
          if (id !== undefined) onDone({ connection, id });
        },
      });
      doneBefore += next.done;
      result = result === null ? next : together(result, next);
    }
    if (result !== null) results.push({ connection: set.map(({ connection }) => connection).join(', '), ...result });
  }
  return results;
}

/** Of two connections with the same tables: what the second one could not do either has failed. */
function together(a: BulkResult, b: BulkResult): BulkResult {
  const failed = b.failed.filter(({ id }) => a.failed.some((failure) => failure.id === id));
  return {
    ...b,
    matched: a.matched,
    done: a.done + b.done,
    failed,
    // In a dry run the second one counts what the first one would have done as well.
    failedTotal: Math.min(b.failedTotal, Math.max(failed.length, a.failedTotal - b.done)),
    elsewhere: a.elsewhere + b.elsewhere,
  };
}
