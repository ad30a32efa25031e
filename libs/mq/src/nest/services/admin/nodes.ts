import type { MqNode } from '../../../core/store/node-store.js';
import type { MqRuntime } from '../../mq-runtime.js';

/** Which processes there are. */
export class Nodes {
  constructor(private readonly runtime: MqRuntime) {}

  nodes(): Promise<MqNode[]> {
    return this.runtime.operations.nodes.list();
  }
}
