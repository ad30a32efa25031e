export { MQ_ERROR_CODES, type MqErrorCode } from './core/errors/codes.js';
export { Discard, PermanentError, RetryLater } from './core/errors/control-flow.js';
export { MqError, type MqErrorOptions } from './core/errors/mq-error.js';
export { MqEvents } from './core/events/event-bus.js';
export type { MqEventMap, MqEventName } from './core/events/event-map.js';
export type {
  BackoffSetting,
  ConsumeSettings,
  GlobalEnhancer,
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
export type { NewMessage, TaggedMessage } from './core/message/new-message.js';
export type { StandardSchema } from './core/message/standard-schema.js';
export {
  defineTopic,
  type MqMessageOf,
  type MqTopic,
  type MqTopicRef,
  type MqTypedTopic,
  type TopicSchemas,
} from './core/message/topic.js';
export type { Publication, Receipt, SendOutcome } from './core/publisher/publishing.js';
export type { Pruned } from './core/relay/pruner.js';
export type { TickResult } from './core/relay/relay-tick.js';
export { type Duration, parseDuration } from './core/runtime/duration.js';
export type { AdminFilter, MessageFilter, MessageStatus } from './core/store/admin-filter.js';
export type { BulkFailure, BulkLimits, BulkProgress, BulkResult } from './core/operators/bulk.js';
export type { CancelOutcome, DiscardOutcome, ReplayOutcome, RescheduleOutcome } from './core/store/admin-outcomes.js';
export type { AdminRecord, BlockedKey } from './core/store/admin-record.js';
export type { ErrorGroupFilter, MqErrorGroup } from './core/store/error-group.js';
export type { ActionFilter, ActionName, MqAction } from './core/store/action-store.js';
export type { MqNode, NodeCircuit, NodeGroup, NodeRole, NodeState } from './core/store/node-store.js';
export type { MqPause, PauseTarget } from './core/store/pause-store.js';
export type { OperatorOptions } from './nest/services/admin/operator-request.js';
export type { PauseOptions } from './nest/services/admin/pauses.js';
export type { OutboxStats } from './core/store/outbox-store.js';
export type { OutboxStatus } from './core/store/outbox-row.js';
export { DOCTOR_CODES, type DoctorCode, type DoctorFinding, type DoctorReport } from './doctor/finding.js';
export type { DoctorOptions } from './doctor/run-doctor.js';
export type { MqTransport } from './core/transport/transport.js';
export {
  InjectMqAdmin,
  InjectMqConsumer,
  InjectMqEvents,
  InjectMqProducer,
  InjectReproduceService,
} from './nest/decorators/inject-mq.decorator.js';
export type { MqBatchOptions } from './core/consumer/handlers/batch-policy.js';
export { MqConsumer, type MqConsumerOptions } from './nest/decorators/mq-consumer.decorator.js';
export { MqCtx, MqHeader, MqKey, MqMsg, MqPayload, type MqPipe, MqTag } from './nest/decorators/mq-params.decorator.js';
export { OnMqEvent, type OnMqEventOptions } from './nest/decorators/on-mq-event.decorator.js';
export { isMqExecution } from './nest/enhancers/is-mq-execution.js';
export { currentMqContext } from './nest/current-mq-context.js';
export { MqContext, type MqBatchHandler, type MqHandler } from './nest/mq-context.js';
export type { MqFeatureOptions } from './nest/mq-feature.js';
export { MqModule } from './nest/mq.module.js';
export type {
  MqConnectionOptions,
  MqFactoryResult,
  MqModuleAsyncOptions,
  MqModuleOptions,
  MqOptionsFactory,
} from './nest/mq-module-options.js';
export { EVIDENCE_CODES, type EvidenceCode } from './core/explain/evidence-codes.js';
export { EXPLAIN_STATES, type ExplainState } from './core/explain/explain-states.js';
export type { MqExplanation, MqNext, MqReason } from './core/explain/explanation.js';
export type { MqCausedMessage, MqTimeline, MqTimelineEntry, TimelineEvent } from './core/explain/timeline.js';
export type { CopyCount } from './core/store/evidence-store.js';
export type { CopyReason } from './core/store/delivery-store.js';
export type { BulkOptions, PruneOptions } from './nest/services/admin/decide.js';
export type { RescheduleOptions } from './nest/services/admin/reschedule-options.js';
export type { MqCounts } from './nest/services/admin/mq-counts.js';
export type { GroupCounts } from './nest/services/admin/group-counts.js';
export type { TopicCounts } from './nest/services/admin/topic-counts.js';
export type { HealthCause } from './core/consumer/state/health-cause.js';
export type { MqHealth, MqLiveness } from './nest/services/admin/mq-health.js';
export { MqAdminService } from './nest/services/mq-admin.service.js';
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
export { MQ_LOG_EVENTS, type MqLogEvent, type MqLogLevel } from './observability/log-events.js';
export type { MqLogFields, MqLogLine } from './observability/log-line.js';
export { MqErrorLog, MqInbox, MqStatusLog } from './typeorm/index.js';
