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
export type { GivingUpGroup, TopicKind, TransportHarness } from './conformance/transport-harness.js';
export { deliveryStoreConformance } from './conformance/delivery-store-conformance.js';
export type { DeliveryStoreHarness, StagedRow } from './conformance/delivery-store-harness.js';
export { MemoryDeliveryStore } from './memory-store/memory-delivery-store.js';
export { MemoryTransactionContext } from './memory-store/memory-transaction-context.js';
export { MemoryTransaction } from './memory-store/memory-transaction.js';
export { outboxStoreConformance } from './conformance/outbox-store-conformance.js';
export {
  OutboxStoreBench,
  LANE,
  refOf,
  type OpenTransaction,
  type OutboxStoreHarness,
} from './conformance/outbox-store-harness.js';
export type { MemoryOutboxRow } from './memory-store/memory-outbox-row.js';
export { MemoryOutboxStore, type MemoryError } from './memory-store/memory-outbox-store.js';
export { openKeyOf } from '../core/store/order-key.js';
export type { LeasedRow } from '../core/store/outbox-row.js';
export type { ConfirmedRow, Lane } from '../core/store/outbox-store.js';
export type { ReplayOutcome } from '../core/store/admin-store.js';
export type { ErrorEntry } from '../core/store/error-entry.js';
