import { describeOrphans, orphansAmong } from '../../core/relay/orphan-watch.js';
import { unfinishedLanes } from '../../typeorm/store/statements/owners.js';
import type { Check } from '../check.js';
import { lanesOf } from '../lanes-of.js';

export const orphans: Check = {
  code: 'orphans',
  needs: 'tables',
  async run(context) {
    const lanes = await lanesOf(context);
    const found = orphansAmong(await unfinishedLanes(context.database.own), lanes);
    return found.map((orphan) => ({
      code: 'rows-orphaned',
      severity: 'error',
      what: describeOrphans(orphan),
      evidence: { ...orphan },
      todo: lanes.adopts(orphan)
        ? `topics: { …: { topic: '${orphan.topic}' } } in the options of MqModule, until they are sent`
        : `connections: ['${orphan.connection}@${orphan.broker}'] in the options of MqModule, until they are sent`,
    }));
  },
};
