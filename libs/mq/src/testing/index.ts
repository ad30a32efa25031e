export { ManualClock } from './manual-clock.js';
export { MemoryBroker } from '../transports/memory/memory-broker.js';
export type { StoredMessage } from '../transports/memory/memory-group.js';
export type { MemoryProfile } from '../transports/memory/memory-profile.js';
export {
  memoryTransport,
  MemoryTransport,
  type MemoryTransportOptions,
} from '../transports/memory/memory-transport.js';
export { transportConformance, type TestHooks } from './conformance/transport-conformance.js';
export type { TopicKind, TransportHarness } from './conformance/transport-harness.js';
