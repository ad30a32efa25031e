import type { Connection } from '../boot/connections.js';

/** Connections that use the same tables together: whoever looks at rows, or counts them, asks one of each set. */
export function tableSets(connections: readonly Connection[]): Connection[][] {
  const sets: Connection[][] = [];
  for (const connection of connections) {
    const set = sets.find(([first]) => shareTables(first!, connection));
    if (set) set.push(connection);
    else sets.push([connection]);
  }
  return sets;
}

function shareTables({ runtime: a }: Connection, { runtime: b }: Connection): boolean {
  return a.dataSource === b.dataSource && a.tables.prefix === b.tables.prefix && a.tables.schema === b.tables.schema;
}
