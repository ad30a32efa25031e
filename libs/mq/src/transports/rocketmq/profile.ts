import type { TransportCapabilities } from '../../core/transport/capabilities.js';

const MIB = 1_048_576;
const KIB = 1_024;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The broker measures the delay by its own clock: one that is behind ours must not find a message a little too far ahead. */
const SKEW = 600_000;

/** Whose RocketMQ 5 it is. They speak one protocol, and grant different limits. */
export type RocketmqProfile = 'apache' | 'aliyun';

/** Lengths that the protocol has no error for, or that are cheaper to refuse before anything is stored. */
export interface NameLimits {
  readonly topic: number;
  readonly group: number;
  readonly tag: number;
  /** The whole filter expression of a subscription, `a||b`. */
  readonly filter: number;
}

/** What one request to send may hold, if it may hold several messages. */
export interface ListLimits {
  readonly messages: number;
  /** Of all bodies together. */
  readonly bytes: number;
}

export interface Profile {
  readonly capabilities: TransportCapabilities;
  /** `null` where each message has a request of its own. */
  readonly lists: ListLimits | null;
  readonly names: NameLimits;
  /** Whether what the server says of a group's order is to be believed: a group that it calls unordered does not read ordered topics. */
  readonly tellsOrder: boolean;
}

const COMMON = {
  leaseExtension: true,
  explicitRetryDelay: true,
  chooseLease: true,
  ordering: 'partition',
} as const;

const LIMITS = {
  bodyBytes: { normal: 4 * MIB, ordered: 4 * MIB, delayed: 4 * MIB },
  propertyBytes: 16 * KIB,
  receiveBatch: 32,
  // The proxy clamps a poll to 5 to 20 seconds, unless it is configured otherwise.
  waitMs: 20_000,
  leaseMs: { min: 10_000, max: 12 * HOUR, ordered: 12 * HOUR },
  // A group's `retryMaxTimes` is 16 unless it was made with another number: the first delivery and 16 more.
  maxDeliveries: 17,
} as const;

/** Dead letters can be read once somebody has named the group that reads them: `deadLetterGroup`. */
export const PROFILES: Readonly<Record<RocketmqProfile, Profile>> = {
  // Limits of the proxy's and the broker's source at 5.3.3 and 5.5.0: ProxyConfig, Validators, TopicValidator.
  apache: {
    capabilities: {
      ...COMMON,
      deadLetterSource: false,
      limits: { ...LIMITS, delayMs: DAY - SKEW, ackBatch: 32 },
    },
    // As the proxy of 5.5.0 takes them: all or nothing. Above 32, measurements showed no more throughput. A broker takes 4 MiB
    // together unless it is told otherwise, properties among them, which can be another 16 KiB of each.
    lists: { messages: 32, bytes: MIB },
    tellsOrder: true,
    // A group has a topic of its own for redeliveries, %RETRY%<group>, which must fit into the length of a topic.
    names: { topic: 127, group: 120, tag: 16 * KIB, filter: 16 * KIB },
  },
  aliyun: {
    capabilities: {
      ...COMMON,
      deadLetterSource: false,
      // Standard and serverless instances; others hold 40 days, but what is out of range is delivered at once, not refused.
      // One acknowledgement in a request: what the official clients do, and nobody outside could measure more.
      limits: { ...LIMITS, delayMs: 7 * DAY - SKEW, ackBatch: 1 },
    },
    // Nobody outside could measure what an instance makes of a list.
    lists: null,
    // Nobody outside could see what an instance says to a simple consumer, and refusing stops a group that works.
    tellsOrder: false,
    names: { topic: 60, group: 60, tag: 128, filter: KIB },
  },
};
