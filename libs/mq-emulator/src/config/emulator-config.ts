import type { MessageKind } from '../protocol/read-publish.js';

export interface TopicConfig {
  /** The only kind of message that the topic takes; any kind without it, as on the real 4.x service. */
  type?: MessageKind;
  /** A bound on the body below the service's own. */
  maxBodyBytes?: number;
  /** Messages per second; above it `QpsLimitExceeded`. */
  qps?: number;
}

export interface InstanceConfig {
  topics?: Record<string, TopicConfig>;
  groups?: string[];
}

/**
 * What exists, by instance id (`""` for requests that name none). Anything else answers 404.
 *
 * @example
 * { "instances": { "MQ_INST_1": { "topics": { "shop_orders": { "type": "normal" } }, "groups": ["GID_stock"] } } }
 */
export interface EmulatorConfig {
  instances: Record<string, InstanceConfig>;
}
