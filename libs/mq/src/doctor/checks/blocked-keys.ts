import { blockedKeys as blocked } from '../../typeorm/store/statements/blocked-keys.js';
import type { Check } from '../check.js';

/** One finding each for the longest blocked; how many more there are is for `mq status`. */
const NAMED = 5;

export const blockedKeys: Check = {
  code: 'blocked-keys',
  needs: 'tables',
  async run({ options, database }) {
    if (options.reproduce.onDeadKey === 'skip') return [];
    const keys = await blocked(database.own, NAMED);
    return keys.map(({ topic, orderingKey, deadId, since, waiting }) => ({
      code: 'keys-blocked',
      severity: 'error',
      what: `${waiting} messages of topic ${topic} with the ordering key ${orderingKey} wait behind a dead message since ${since.toISOString()}`,
      evidence: { topic, orderingKey, deadId, waiting, since: since.toISOString() },
      todo: `mq errors replay ${deadId} --reason '…', or mq errors discard ${deadId} --reason '…'`,
    }));
  },
};
