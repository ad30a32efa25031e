export { MQ_ERROR_CODES, type MqErrorCode } from './core/errors/codes.js';
export { PermanentError, RetryLater } from './core/errors/control-flow.js';
export { MqError, type MqErrorOptions } from './core/errors/mq-error.js';
export { MqEvents } from './core/events/event-bus.js';
export type { MqEventMap, MqEventName } from './core/events/event-map.js';
export type {
  BackoffSetting,
  ConsumeSettings,
  GroupOptions,
  LogSettings,
  MqAlert,
  MqFailure,
  MqLogger,
  MqOptions,
  MqRole,
  PublishSettings,
  ReproduceSettings,
  RetentionSettings,
  TopicOptions,
} from './core/config/options.js';
export type { MqCodec } from './core/message/codec.js';
export { MqMessage } from './core/message/message.js';
export {
  defineTopic,
  type MqTopic,
  type NewMessage,
  type Publication,
  type Receipt,
  type SendOutcome,
} from './core/publisher/new-message.js';
export type { TickResult } from './core/relay/relay-tick.js';
export { type Duration, parseDuration } from './core/runtime/duration.js';
export type {
  AdminFilter,
  AdminRecord,
  BlockedKey,
  CancelOutcome,
  DiscardOutcome,
  ReplayOutcome,
} from './core/store/admin-store.js';
export type { OutboxStats } from './core/store/outbox-store.js';
export type { OutboxStatus } from './core/store/outbox-row.js';
export type { TransportCapabilities, TransportLimits } from './core/transport/capabilities.js';
export type * from './core/transport/transport.js';
export {
  TransportError,
  type TransportErrorKind,
  type TransportErrorOptions,
} from './core/transport/transport-error.js';
export {
  InjectMqAdmin,
  InjectMqConsumer,
  InjectMqProducer,
  InjectReproduce,
} from './nest/decorators/inject-mq.decorator.js';
export { MqConsumer, type MqConsumerOptions } from './nest/decorators/mq-consumer.decorator.js';
export { MqContext, type MqHandler } from './nest/mq-context.js';
export { MqModule } from './nest/mq.module.js';
export type {
  MqConnectionOptions,
  MqFactoryResult,
  MqModuleAsyncOptions,
  MqModuleOptions,
  MqOptionsFactory,
} from './nest/mq-module-options.js';
export { MqAdminService, type MqCounts, type MqHealth } from './nest/services/mq-admin.service.js';
export { type HandlerInfo, MqConsumerService } from './nest/services/mq-consumer.service.js';
export { MqProducerService, type PublishOptions } from './nest/services/mq-producer.service.js';
export { ReproduceService } from './nest/services/reproduce.service.js';
export {
  getMqAdminToken,
  getMqConsumerToken,
  getMqEventsToken,
  getMqOptionsToken,
  getMqProducerToken,
  getMqTransportToken,
  getReproduceToken,
} from './nest/tokens.js';
export { MqErrorLog, MqInbox, MqStatusLog } from './typeorm/index.js';
