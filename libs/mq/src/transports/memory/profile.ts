import type { TransportCapabilities } from '../../core/transport/capabilities.js';

/**
 * `rich`: everything the port knows, as RocketMQ 5 has it. `http`: what RocketMQ over HTTP is reduced to, with a lease
 * that the broker fixes and nobody can prolong, and no way to ask for a redelivery.
 */
export type MemoryProfile = 'rich' | 'http';

const MINUTE = 60_000;
const DAY = 86_400_000;
const MIB = 1_048_576;

const PROFILES: Readonly<Record<MemoryProfile, TransportCapabilities>> = {
  rich: {
    leaseExtension: true,
    explicitRetryDelay: true,
    chooseLease: true,
    deadLetterSource: true,
    ordering: 'partition',
    limits: {
      bodyBytes: { normal: 4 * MIB, ordered: 4 * MIB, delayed: 4 * MIB },
      propertyBytes: 16_384,
      delayMs: DAY,
      receiveBatch: 32,
      ackBatch: 32,
      waitMs: 20_000,
      leaseMs: { min: 10, max: 720 * MINUTE, ordered: 720 * MINUTE },
      maxDeliveries: 17,
    },
  },
  http: {
    leaseExtension: false,
    explicitRetryDelay: false,
    chooseLease: false,
    deadLetterSource: false,
    ordering: 'partition',
    limits: {
      bodyBytes: { normal: 4 * MIB, ordered: 4 * MIB, delayed: 65_536 },
      propertyBytes: 16_384,
      delayMs: 40 * DAY,
      receiveBatch: 16,
      ackBatch: 16,
      waitMs: 30_000,
      leaseMs: { min: 5 * MINUTE, max: 5 * MINUTE, ordered: MINUTE },
      maxDeliveries: 289,
    },
  },
};

/** The capabilities of a profile, with the lease and the number of deliveries that a test wants. */
export function memoryCapabilities(
  profile: MemoryProfile,
  overrides: { readonly leaseMs?: number | undefined; readonly maxDeliveries?: number | undefined },
): TransportCapabilities {
  const base = PROFILES[profile];
  const { leaseMs, maxDeliveries } = overrides;
  return {
    ...base,
    limits: {
      ...base.limits,
      ...(leaseMs !== undefined && { leaseMs: { min: leaseMs, max: leaseMs, ordered: leaseMs } }),
      ...(maxDeliveries !== undefined && { maxDeliveries }),
    },
  };
}
