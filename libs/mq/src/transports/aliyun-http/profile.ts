import type { TransportCapabilities } from '../../core/transport/capabilities.js';

const MIB = 1_048_576;
const KIB = 1_024;

/** Lengths that the broker refuses with an error that names none of them. */
export interface NameLimits {
  /** Group, topic and instance share one resource name at the broker, which answers `NotSupport` beyond this. */
  readonly together: number;
  /** Method, path and query. */
  readonly requestLine: number;
}

export const NAMES: NameLimits = { together: 119, requestLine: 1_024 };

/** RocketMQ 4.x over HTTP, as Alibaba Cloud documents it. Nothing of it can be chosen by a client. */
export const CAPABILITIES: TransportCapabilities = {
  leaseExtension: false,
  explicitRetryDelay: false,
  chooseLease: false,
  deadLetterSource: false,
  ordering: 'partition',
  limits: {
    bodyBytes: { normal: 4 * MIB, ordered: 4 * MIB, delayed: 64 * KIB },
    propertyBytes: 16 * KIB,
    delayMs: 40 * 86_400_000,
    receiveBatch: 16,
    ackBatch: 16,
    waitMs: 30_000,
    leaseMs: { min: 300_000, max: 300_000, ordered: 60_000 },
    // The first one and 288 more.
    maxDeliveries: 289,
  },
};
