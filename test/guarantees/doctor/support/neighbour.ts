import type { TestDatabase } from '../../../support/database.js';

/** A process that relays and consumes, as one that lives writes it down; it is for ever seen just now. */
export function neighbour(
  db: TestDatabase,
  { id = 'neighbour', roles = 'publish,relay,worker', groups = ['stock'], offsetMs = 0 } = {},
): Promise<unknown> {
  const state = {
    broker: 'memory',
    owners: [],
    topics: [],
    circuits: [],
    loopLagMs: 0,
    groups: groups.map((group) => ({
      topic: 'orders',
      group,
      groupId: `GID_${group}`,
      tags: null,
      state: 'polling',
      concurrency: 4,
      inFlight: 0,
      error: null,
      running: [],
      held: [],
    })),
  };
  return db.query(`INSERT INTO mq_node (id, connection, instance, version, roles, started_at, seen_at, clock_offset, state)
    VALUES ('${id}', 'default', 'neighbour:1', '0.1.0', '${roles}', 1, 4000000000000, ${offsetMs}, '${JSON.stringify(state)}')`);
}
