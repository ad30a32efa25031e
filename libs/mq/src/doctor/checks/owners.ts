import { describeSharer, sharersAmong } from '../../core/relay/orphan-watch.js';
import { recentOwners } from '../../typeorm/store/statements/owners.js';
import type { Check } from '../check.js';
import { lanesOf } from '../lanes-of.js';

export const owners: Check = {
  code: 'owners',
  needs: 'tables',
  async run(context) {
    const { options, database } = context;
    const sharers = sharersAmong(await recentOwners(database.own), await lanesOf(context));
    return sharers.map((sharer) => ({
      code: 'tables-shared',
      severity: 'error',
      what: describeSharer(sharer),
      evidence: { ...sharer, ownBroker: options.transport.identity },
      todo: `tables: { prefix: '…' } for one of them, or connections: ['${sharer.connection}@${sharer.broker}'] if the broker has moved`,
    }));
  },
};
