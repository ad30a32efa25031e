import { describeError } from '../errors/describe-error.js';
import { MqError } from '../errors/mq-error.js';
import { meaningOf, type SendMeaning } from '../retry/failure-table.js';
import { TransportError } from '../transport/transport-error.js';

/** What became of one row in the hands of the sender. */
export type SendResult =
  | { readonly status: 'sent'; readonly brokerMessageId: string }
  /** Goes again after `delayMs`. Without an error it was not even tried: its turn has not come. `asleep`: behind another of its key. */
  | { readonly status: 'pending'; readonly error?: MqError; readonly delayMs: number; readonly asleep?: true }
  | { readonly status: 'dead'; readonly error: MqError };

/** What a failed send says, and what it means. */
export interface SendFailure extends SendMeaning {
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** Which of several brokers it was. */
  readonly broker: string | null;
  /** Whether the broker said something, and is not silent. */
  readonly answered: boolean;
  readonly cause: unknown;
}

export function sendFailureOf(error: unknown): SendFailure {
  const told = error instanceof TransportError ? error : null;
  return {
    ...meaningOf(error).send,
    message: describeError(error).message,
    retryAfterMs: told?.retryAfterMs ?? null,
    broker: told?.broker ?? null,
    // One of another version of this library may not have it.
    answered: told?.answered ?? false,
    cause: error,
  };
}

export function toMqError({ code, message, attempt, cause }: SendFailure): MqError {
  return new MqError(code, message, { retryable: attempt !== 'park', cause });
}
