// For tests of applications: a broker in memory, a clock that a test sets, and what a test wants to ask an application.
export { ManualClock } from './manual-clock.js';
export { buildContext } from './kit/build-context.js';
export { buildMessage } from './kit/build-message.js';
export type { DeliveredMessage, DeliveryVerdict } from './kit/deliver-once.js';
export type { EventFilter } from './kit/event-history.js';
export { type DeliveryResult, MqTesting } from './kit/mq-testing.js';
export { MqTestingModule, type MqTestingModuleOptions } from './kit/mq-testing-module.js';
export type { PublishedMessage } from './kit/published-messages.js';
export { MemoryBroker } from '../transports/memory/memory-broker.js';
export type { StoredMessage } from '../transports/memory/memory-group.js';
export type { MemoryProfile } from '../transports/memory/profile.js';
export { memoryTransport } from '../transports/memory/memory-transport.js';
export type { MemoryTransportOptions } from '../transports/memory/options.js';
export { MemoryTransport } from '../transports/memory/transport.js';
