import type { MqErrorCode } from '../errors/codes.js';
import { describeError } from '../errors/describe-error.js';
import { MqError } from '../errors/mq-error.js';
import { TransportError, type TransportErrorKind } from '../transport/transport-error.js';

/** What a failed send says, and about what. */
export interface SendFailure {
  /**
   * `message`: no broker will ever take it. `unknown`: it may have arrived; counts. `connection`, `topic`: says nothing
   * about the message, so it does not count, and sending through that scope stops. `topic-or-connection`,
   * `topic-or-message`: the topic's until others show whose it is. `overload`: it may have arrived, and the server
   * answered others; counts unless several are left like that, which is too much that is sent, or of one broker. `none`: we gave up ourselves.
   */
  readonly about:
    'message' | 'unknown' | 'overload' | 'connection' | 'topic' | 'topic-or-connection' | 'topic-or-message' | 'none';
  readonly code: MqErrorCode;
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** Which of several brokers it was. */
  readonly broker: string | null;
  /** Whether the broker said something, and is not silent. */
  readonly answered: boolean;
  readonly cause: unknown;
}

const MEANING: Readonly<Record<TransportErrorKind, { about: SendFailure['about']; code: MqErrorCode }>> = {
  invalid: { about: 'message', code: 'MQ_BROKER_REJECTED' },
  'too-large': { about: 'message', code: 'MQ_PAYLOAD_TOO_LARGE' },
  refused: { about: 'topic-or-message', code: 'MQ_BROKER_REJECTED' },
  unavailable: { about: 'connection', code: 'MQ_BROKER_UNAVAILABLE' },
  auth: { about: 'connection', code: 'MQ_BROKER_AUTH' },
  denied: { about: 'topic-or-connection', code: 'MQ_BROKER_AUTH' },
  forbidden: { about: 'topic', code: 'MQ_BROKER_AUTH' },
  'not-found': { about: 'topic', code: 'MQ_BROKER_REJECTED' },
  throttled: { about: 'topic', code: 'MQ_BROKER_THROTTLED' },
  unknown: { about: 'unknown', code: 'MQ_OUTCOME_UNKNOWN' },
  unanswered: { about: 'overload', code: 'MQ_OUTCOME_UNKNOWN' },
  'lease-lost': { about: 'unknown', code: 'MQ_OUTCOME_UNKNOWN' },
  aborted: { about: 'none', code: 'MQ_OUTCOME_UNKNOWN' },
};

/** A transport that throws something else than it promised has a bug, and nobody knows what it did: unknown. */
export function classifySendFailure(error: unknown): SendFailure {
  const message = describeError(error).message;
  if (!(error instanceof TransportError)) {
    return {
      about: 'unknown',
      code: 'MQ_OUTCOME_UNKNOWN',
      message,
      retryAfterMs: null,
      broker: null,
      answered: false,
      cause: error,
    };
  }
  // Its type says that there is a kind, which binds nobody who wrote a transport in JavaScript.
  const meaning = MEANING[error.kind] ?? MEANING.unknown;
  return {
    ...meaning,
    message,
    retryAfterMs: error.retryAfterMs ?? null,
    broker: error.broker ?? null,
    // One of another version of this library may not have it.
    answered: error.answered ?? false,
    cause: error,
  };
}

export function toMqError(failure: Pick<SendFailure, 'code' | 'message' | 'cause' | 'about'>): MqError {
  return new MqError(failure.code, failure.message, { retryable: failure.about !== 'message', cause: failure.cause });
}
