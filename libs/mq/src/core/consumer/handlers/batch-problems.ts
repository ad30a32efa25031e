import { LEASE_MARGIN_MS } from '../../config/resolve-groups.js';
import type { MqTransport } from '../../transport/transport.js';
import type { Subscription } from './subscription.js';

/** What is wrong with the batches of a subscription. */
export function batchProblems({ topic, group, handlers }: Subscription, transport: MqTransport): string[] {
  const { chooseLease, leaseExtension, limits } = transport.capabilities;
  const problems: string[] = [];
  for (const { name, batch } of handlers) {
    if (!batch) continue;
    if (topic.ordered) {
      problems.push(
        `${name}: batch cannot be used on the ordered topic '${topic.alias}', where each message waits for the one before; ` +
          'take batch away, or read a topic without order',
      );
      continue;
    }
    const longest = limits.leaseMs.max - LEASE_MARGIN_MS - group.timeoutMs;
    if (!chooseLease && !leaseExtension && batch.waitMs > longest) {
      problems.push(
        `${name}: batch.wait of ${batch.waitMs} ms and the timeout of ${group.timeoutMs} ms of group '${group.alias}' do not fit into the ` +
          `lease of ${limits.leaseMs.max} ms that ${transport.name} gives; ${Math.max(0, longest)} ms is the longest wait`,
      );
    }
  }
  return problems;
}
