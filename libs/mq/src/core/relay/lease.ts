import { randomUUID } from 'node:crypto';
import type { ResolvedOptions } from '../config/resolved-options.js';
import type { LeaseRequest } from '../store/outbox-row.js';

/** What a claim, a promotion or an INSERT takes its lease with. */
export function newLease(instance: string, { reproduce }: Pick<ResolvedOptions, 'reproduce'>): LeaseRequest {
  return { token: randomUUID(), owner: instance, ms: reproduce.leaseMs };
}

/**
 * When to stop starting sends under a lease that was asked for at `askedAt`. The last send needs room to end before the
 * lease does, and its mark too: 10 s, or a third of a lease that is shorter than half a minute, or what a send may take.
 */
export function leaseDeadline(
  askedAt: number,
  { transport, reproduce: { leaseMs } }: Pick<ResolvedOptions, 'transport' | 'reproduce'>,
): number {
  return askedAt + leaseMs - Math.max(transport.sendMs, Math.min(10_000, leaseMs / 3));
}
