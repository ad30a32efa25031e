// For people who write a transport or a store: what they implement, what they throw, and the suites that judge it.
export type { AdminStore, OperatorRequest, Released, ReplayRequest } from '../core/store/admin-store.js';
export {
  InboxContention,
  TransactionLost,
  Unstorable,
  type AwaitedRow,
  type DeliveryStore,
  type DeliveryTransaction,
  type InboxHolds,
  type ParkOptions,
} from '../core/store/delivery-store.js';
export type { ErrorEntry } from '../core/store/error-entry.js';
export { orderKeyOf, stripeOf } from '../core/store/order-key.js';
export type { LeaseRef, LeaseRequest, LeasedRow, NewOutboxRow, OutboxMessage } from '../core/store/outbox-row.js';
export type {
  BlockedQuery,
  Claimed,
  ClaimRequest,
  ConfirmedRow,
  Lane,
  LaneState,
  MarkOutcome,
  OutboxStore,
  OwnerState,
  PruneTarget,
  Reschedule,
  RowState,
  SentMark,
} from '../core/store/outbox-store.js';
export type {
  JoinedTransaction,
  TransactionContext,
  TransactionOutcome,
} from '../core/publisher/transaction-context.js';
export type { MessageBody, StoredBody } from '../core/message/body.js';
export type { Clock } from '../core/runtime/clock.js';
export { systemClock } from '../core/runtime/system-clock.js';
export type { TransportCapabilities, TransportLimits } from '../core/transport/capabilities.js';
export type * from '../core/transport/inspection.js';
export type * from '../core/transport/transport.js';
export {
  TransportError,
  type TransportErrorKind,
  type TransportErrorOptions,
} from '../core/transport/transport-error.js';
export { transportConformance, type TestHooks } from './conformance/transport-conformance.js';
export type { GivingUpGroup, TopicKind, TransportHarness } from './conformance/transport-harness.js';
export { deliveryStoreConformance } from './conformance/delivery-store-conformance.js';
export type { DeliveryStoreHarness, StagedRow } from './conformance/delivery-store-harness.js';
export { outboxStoreConformance } from './conformance/outbox-store-conformance.js';
export {
  LANE,
  OutboxStoreBench,
  refOf,
  type OpenTransaction,
  type OutboxStoreHarness,
} from './conformance/outbox-store-harness.js';
