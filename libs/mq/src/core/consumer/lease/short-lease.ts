import { LEASE_MARGIN_MS } from '../../config/resolve-groups.js';
import type { GroupRef } from '../../events/event-map.js';

/** Lease that is too short for an attempt, and what an attempt needs. */
export interface ShortLease {
  readonly leaseMs: number;
  readonly timeoutMs: number;
  readonly neededMs: number;
}

/** Says it in one sentence, for log, alert and health. */
export function describeShortLease({ topic, group, leaseMs, timeoutMs, neededMs }: GroupRef & ShortLease): string {
  const longest = leaseMs - LEASE_MARGIN_MS;
  const advice =
    longest > 0
      ? `set the timeout of the group to ${longest} ms at most, or have the broker lease messages for longer`
      : 'no timeout fits into it, so the broker has to lease messages for longer';
  return (
    `${topic}/${group}: no handler runs, because the broker leases a message for ${leaseMs} ms and an attempt needs ${neededMs} ms ` +
    `(timeout ${timeoutMs} ms + ${LEASE_MARGIN_MS} ms for commit and acknowledgement); ${advice}`
  );
}
