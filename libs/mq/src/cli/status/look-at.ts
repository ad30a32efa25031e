import type { MqNode } from '../../core/store/node-store.js';
import type { MqPause } from '../../core/store/pause-store.js';
import type { MqCounts } from '../../nest/services/admin/mq-counts.js';
import type { Connection } from '../boot/connections.js';

/** How one connection is. */
export interface Status extends MqCounts {
  readonly connection: string;
  /** Processes of this connection, those of the last day that were killed included. */
  readonly nodes: readonly MqNode[];
  readonly pauses: readonly MqPause[];
}

export function lookAt(connections: readonly Connection[]): Promise<Status[]> {
  return Promise.all(
    connections.map(async ({ connection, admin }) => {
      const nodes = (await admin.nodes()).filter((node) => node.connection === connection);
      return { connection, ...(await admin.counts()), nodes, pauses: await admin.pauses() };
    }),
  );
}
