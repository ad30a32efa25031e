import { expectEqual } from '../harness/expect-equal.mjs';
import { spreadOver } from './messages.mjs';
import { receiveAll } from './receive-all.mjs';

let sent = 0;

/**
 * Receiving and acknowledging `count` messages, which are published before.
 *
 * @param {import('./rocketmq-clients.mjs').Client} client
 * @param {number} count
 * @param {{ publishers?: number, waitMs?: number }} [options] `waitMs` of a poll
 * @returns {import('../harness/compare.mjs').Variant}
 */
export function receiving(client, count, { publishers = 16, waitMs } = {}) {
  return {
    prepare: () => spreadOver(publishers, count, () => client.publish(`received-${++sent}`)),
    run: async () => {
      const { seen, ms } = await receiveAll(client, count, waitMs);
      expectEqual('messages received', seen.size, count);
      return { count, ms };
    },
  };
}
