import type { ErrorGroupFilter, MqErrorGroup } from '../../core/store/error-group.js';
import type { Connection } from '../boot/connections.js';
import { tableSets } from './table-sets.js';

export interface FoundGroup extends MqErrorGroup {
  readonly connection: string;
}

/** Error groups of all tables, those with the newest error first. */
export async function errorGroups(
  connections: readonly Connection[],
  filter: ErrorGroupFilter & { readonly limit: number },
): Promise<FoundGroup[]> {
  const found = await Promise.all(
    tableSets(connections).map(async ([first]) => {
      const { connection, admin } = first!;
      return (await admin.errorGroups(filter)).map((group): FoundGroup => ({ connection, ...group }));
    }),
  );
  return found
    .flat()
    .toSorted((a, b) => b.lastAt.getTime() - a.lastAt.getTime())
    .slice(0, filter.limit);
}
