import type { Causality } from '../message/causality.js';

/** A row of `mq_error_log`. What parks a message carries the payload, because it may be the only copy. */
export interface ErrorEntry extends Causality {
  readonly direction: 'PRODUCE' | 'CONSUME';
  /** `null` for an outage, which is about no single message. */
  readonly messageId: string | null;
  readonly topicAlias: string | null;
  readonly tag: string | null;
  readonly key: string | null;
  /** Group alias and physical group id, for deliveries. */
  readonly group: string | null;
  readonly groupId: string | null;
  readonly attempt: number;
  /** `true` for the row that documents parking: it stays until somebody resolves it. */
  readonly parked: boolean;
  readonly errorClass: string;
  readonly errorCode: string;
  readonly message: string;
  readonly stack: string | null;
  readonly payload: string | null;
  /** `base64`: the payload is that of bytes, or of a text that databases do not take. */
  readonly payloadEncoding: 'base64' | null;
  readonly headers: string | null;
  /** Trace context that the message came with, as JSON. */
  readonly trace: string | null;
  readonly orderingKey: string | null;
  readonly brokerMessageId: string | null;
  /** Epoch milliseconds, the broker's clock. */
  readonly publishedAt: number | null;
  /** Which process wrote it. */
  readonly instance: string;
}
