import type { Clock } from '../../core/runtime/clock.js';
import type { MemoryBroker } from './memory-broker.js';
import type { MemoryProfile } from './profile.js';

export interface MemoryTransportOptions {
  /** Default `'rich'`. */
  profile?: MemoryProfile;
  /** Default: the system's. Not used when `broker` is given. */
  clock?: Clock;
  /** A broker that other transports use as well. Default: one of its own. */
  broker?: MemoryBroker;
  /** The one lease that the broker gives, in milliseconds. Default: what the profile has (`'http'`: 5 minutes, ordered 1 minute). */
  leaseMs?: number;
  /** Deliveries of one message after which the broker gives it up. Default: what the profile has. Not used when `broker` is given. */
  maxDeliveries?: number;
}
