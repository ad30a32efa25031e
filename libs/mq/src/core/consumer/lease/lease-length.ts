import { LEASE_MARGIN_MS } from '../../config/resolve-groups.js';
import type { TransportCapabilities } from '../../transport/capabilities.js';

/**
 * Length of the lease to ask for: one attempt with its margin, and the margin again for the wait for a slot. A longer lease
 * would only delay the redelivery after a crash. Brokers that give a fixed lease ignore it.
 */
export function leaseLength({ limits }: TransportCapabilities, timeoutMs: number): number {
  return Math.min(limits.leaseMs.max, Math.max(limits.leaseMs.min, timeoutMs + 2 * LEASE_MARGIN_MS));
}
