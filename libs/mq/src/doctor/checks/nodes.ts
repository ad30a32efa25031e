import type { MqNode } from '../../core/store/node-store.js';
import { TypeOrmNodeStore } from '../../typeorm/operations/typeorm-node-store.js';
import type { Check, CheckContext } from '../check.js';
import type { DoctorFinding } from '../finding.js';
import { TOLERATED_MS } from './clock.js';

/** A process tells every ten seconds what it consumes, and at first that it has not begun. */
const NEW_MS = 20_000;

/** What the running processes say of themselves. */
export const nodes: Check = {
  code: 'nodes',
  needs: 'tables',
  async run(context) {
    const all = await new TypeOrmNodeStore(context.database.own).list();
    const alive = all.filter((node) => node.alive && node.connection === context.options.connection);
    return [...relays(context, alive), ...consumers(context, alive), ...clocks(alive)];
  },
};

function relays({ options }: CheckContext, alive: readonly MqNode[]): DoctorFinding[] {
  if (options.topics.size === 0 || alive.some(({ roles }) => roles.includes('relay'))) return [];
  return [
    {
      code: 'no-relay',
      severity: 'error',
      what: 'no running process has the role relay: what could not be sent at once, and what is delayed, is never sent',
      evidence: { processes: alive.map(({ instance, roles }) => `${instance}: ${roles.join(', ')}`) },
      todo: `mq reproduce, or role: 'all' (or 'relay') in some process`,
    },
  ];
}

function consumers({ subscriptions, untold }: CheckContext, alive: readonly MqNode[]): DoctorFinding[] {
  const isRead = ({ topic, group }: CheckContext['subscriptions'][number]): boolean =>
    alive.some(({ state }) =>
      state.groups.some((read) => read.topic === topic.alias && read.group === group.alias && read.state !== 'stopped'),
    );
  const idle = subscriptions.filter((subscription) => !isRead(subscription));
  const starting = alive.find(
    ({ roles, startedAt, seenAt }) => roles.includes('worker') && seenAt.getTime() - startedAt.getTime() < NEW_MS,
  );
  if (idle.length > 0 && starting) {
    untold(`whether every group has a consumer: ${starting.instance} has just started, and tells within ten seconds`);
    return [];
  }
  return idle.map(({ topic, group, spec }) => ({
    code: 'group-without-consumer',
    severity: 'error',
    what: `no running process reads '${topic.alias}' for the group '${group.alias}': its messages wait at the broker`,
    evidence: { topic: topic.alias, group: group.alias, groupId: spec.groupId, processes: alive.length },
    todo: `mq consumer ${topic.alias} ${group.alias}, or role: 'all' (or 'worker') in some process`,
  }));
}

function clocks(alive: readonly MqNode[]): DoctorFinding[] {
  return alive
    .filter(({ clockOffsetMs }) => Math.abs(clockOffsetMs) > TOLERATED_MS)
    .map(({ instance, clockOffsetMs, seenAt }) => ({
      code: 'node-clock-offset',
      severity: 'warning',
      what: `the clock of ${instance} is ${Math.abs(clockOffsetMs / 1_000).toFixed(1)} s ${clockOffsetMs > 0 ? 'ahead of' : 'behind'} the database's`,
      evidence: { instance, offsetMs: clockOffsetMs, seenAt: seenAt.toISOString() },
      todo: `on that machine: timedatectl set-ntp true`,
    }));
}
