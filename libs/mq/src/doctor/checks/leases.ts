import type { Check } from '../check.js';
import type { DoctorFinding } from '../finding.js';

const LONG_MS = 600_000;

/** Times that contradict each other. Those that can never work are refused at boot. */
export const leases: Check = {
  code: 'leases',
  needs: 'nothing',
  run({ options: { reproduce, topics, groups } }) {
    const found: DoctorFinding[] = [];
    if (reproduce.leaseMs > LONG_MS) {
      found.push({
        code: 'lease-too-long',
        severity: 'warning',
        what:
          `what a process was sending when it was killed waits for ${seconds(reproduce.leaseMs)} s before another one sends it: ` +
          'that is how long it owns what it has begun',
        evidence: { leaseMs: reproduce.leaseMs },
        todo: `reproduce: { lease: '30s' }, or leave it out`,
      });
    }
    for (const { alias, settleOn } of topics.values()) {
      const group = settleOn && groups.get(settleOn.group);
      if (!group || settleOn.withinMs > group.timeoutMs) continue;
      found.push({
        code: 'settle-within-too-short',
        severity: 'error',
        what:
          `a message of '${alias}' is sent again when its group is silent for ${seconds(settleOn.withinMs)} s, but one handler of ` +
          `'${group.alias}' may take ${seconds(group.timeoutMs)} s: it is sent again while it is being handled`,
        evidence: { topic: alias, group: group.alias, withinMs: settleOn.withinMs, timeoutMs: group.timeoutMs },
        todo: `topics: { ${alias}: { settleOn: { group: '${group.alias}', within: '${Math.ceil((10 * group.timeoutMs) / 1_000)}s' } } }`,
      });
    }
    return found;
  },
};

const seconds = (ms: number): number => Math.round(ms / 100) / 10;
