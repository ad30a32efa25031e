import type { MqError } from '../errors/mq-error.js';

/** What became of one row in the hands of the sender. */
export type SendResult =
  | { readonly status: 'sent'; readonly brokerMessageId: string }
  /** Goes again after `delayMs`. Without an error it was not even tried: its turn has not come. `asleep`: behind another of its key. */
  | { readonly status: 'pending'; readonly error?: MqError; readonly delayMs: number; readonly asleep?: true }
  | { readonly status: 'dead'; readonly error: MqError };
