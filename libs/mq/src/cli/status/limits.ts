import { countOf } from '../../core/runtime/count-of.js';
import type { MqPause } from '../../core/store/pause-store.js';
import type { MqCounts } from '../../nest/services/admin/mq-counts.js';
import { durationText } from '../output/duration-text.js';

/** What is still well; left out means anything is. */
export interface StatusLimits {
  readonly maxOverdueMs?: number | undefined;
  readonly maxBacklog?: number | undefined;
  readonly maxDead?: number | undefined;
}

type Counted = Pick<MqCounts, 'byStatus' | 'topics' | 'parkedDeliveries'> & {
  readonly connection: string;
  readonly pauses: readonly Pick<MqPause, 'target'>[];
};

/** Which limits are exceeded, a sentence each. */
export function exceeded(
  counted: Counted,
  { maxOverdueMs = Infinity, maxBacklog = Infinity, maxDead = Infinity }: StatusLimits,
): string[] {
  const { connection, byStatus, parkedDeliveries } = counted;
  const lateMs = latest(counted);
  const backlog = byStatus.PENDING + byStatus.SENDING;
  const dead = byStatus.DEAD + parkedDeliveries;
  const problems = [
    lateMs > maxOverdueMs &&
      `a message should have left ${durationText(lateMs)} ago, longer than --max-overdue ${durationText(maxOverdueMs)}`,
    backlog > maxBacklog && `${areMessages(backlog)} not with the broker, more than --max-backlog ${maxBacklog}`,
    dead > maxDead && `${areMessages(dead)} dead or parked, more than --max-dead ${maxDead}`,
  ];
  return problems.filter((problem) => problem !== false).map((problem) => `${connection}: ${problem}`);
}

/**
 * How long a message of a topic that is not paused should have been with the broker. Not `overdueMs`, which begins anew with each
 * attempt: of a single message that a broker refuses it never grows.
 */
function latest({ topics, pauses }: Counted): number {
  const paused = new Set(pauses.map(({ target }) => target));
  return Math.max(
    0,
    ...topics.filter(({ topic }) => !paused.has(`topic:${topic}`)).map(({ oldestAgeMs }) => oldestAgeMs),
  );
}

function areMessages(count: number): string {
  return `${countOf(count, 'message')} ${count === 1 ? 'is' : 'are'}`;
}
