import type { MqPause } from '../../core/store/pause-store.js';
import { durationText, instantText } from '../output/duration-text.js';
import type { Out } from '../output/out.js';
import type { TableRow } from '../output/table.js';
import type { Status } from './look-at.js';

/** Longer than the pause between two beats of a process. */
const SAYS_SO_AFTER_MS = 12_000;

/** Tables for people, and what of them needs their attention in words. */
export function printStatus(out: Out, all: readonly Status[], now: Date): void {
  out.table(all.map(countsRow));
  print(out, all.flatMap(topicRows));
  print(
    out,
    all.flatMap((status) => groupRows(status, now)),
  );
  print(
    out,
    all.flatMap((status) => nodeRows(status, now)),
  );
  print(out, pauseRows(all.flatMap(({ pauses }) => pauses), now)); // prettier-ignore
  const problems = all.flatMap((status) => problemsOf(status, now));
  if (problems.length > 0) out.text();
  for (const problem of problems) out.text(out.style('yellow', problem));
}

export function pauseRows(pauses: readonly MqPause[], now: Date): TableRow[] {
  return pauses.map(({ connection, target, since, until, actor, reason }) => ({
    connection,
    paused: target,
    since: instantText(since, now),
    until: until === null ? 'resumed by somebody' : instantText(until, now),
    by: actor,
    reason,
  }));
}

function print(out: Out, rows: readonly TableRow[]): void {
  if (rows.length === 0) return;
  out.text();
  out.table(rows);
}

function countsRow({ connection, byStatus, parkedDeliveries, overdueMs, blockedKeys, orphans }: Status): TableRow {
  return {
    connection,
    ...Object.fromEntries(Object.entries(byStatus).map(([status, rows]) => [status.toLowerCase(), rows])),
    parked: parkedDeliveries,
    overdue: age(overdueMs),
    'blocked keys': blockedKeys.length,
    orphans: orphans.length,
  };
}

function topicRows({ connection, topics }: Status): TableRow[] {
  return topics.map(({ topic, pending, sending, accepted, dead, overdueMs, oldestAgeMs }) => ({
    connection,
    topic,
    pending,
    sending,
    accepted,
    dead,
    overdue: age(overdueMs),
    oldest: age(oldestAgeMs),
  }));
}

function groupRows({ connection, groups }: Status, now: Date): TableRow[] {
  return groups.map(({ topic, group, consumers, parked, failing, oldestParkedAt }) => ({
    connection,
    group,
    topic: topic ?? '-',
    consumers,
    parked,
    failing: failing ?? '-',
    'oldest parked': oldestParkedAt === null ? '-' : instantText(oldestParkedAt, now),
  }));
}

function nodeRows({ connection, nodes }: Status, now: Date): TableRow[] {
  return nodes.map(({ instance, roles, version, startedAt, seenAt, alive }) => ({
    connection,
    process: instance,
    roles: roles.join(', '),
    version,
    started: instantText(startedAt, now),
    seen: alive ? `${durationText(Math.max(0, now.getTime() - seenAt.getTime()))} ago` : instantText(seenAt, now),
    alive: alive ? 'yes' : 'no',
  }));
}

function problemsOf({ connection, groups, nodes }: Status, now: Date): string[] {
  const alive = nodes.filter((node) => node.alive);
  const noRelay = alive.some(({ roles }) => roles.includes('relay')) ? [] : ['no running process relays'];
  const stopped = alive.flatMap(({ instance, state }) =>
    state.circuits.map(
      ({ scope, since, code }) =>
        `${instance} sends nothing through the ${scope} since ${instantText(new Date(since), now)}: ${code}`,
    ),
  );
  // A process says what it reads with its first beat after the start of its consumers.
  const starting = alive.some(({ startedAt }) => now.getTime() - startedAt.getTime() < SAYS_SO_AFTER_MS);
  const unread = groups
    .filter(({ consumers, topic }) => consumers === 0 && topic !== null && !starting)
    .map(({ topic, group }) => `no running process reads ${topic} for ${group}`);
  return [...noRelay, ...stopped, ...unread].map((problem) => `${connection}: ${problem}`);
}

function age(ms: number): string {
  return ms > 0 ? durationText(ms) : '-';
}
