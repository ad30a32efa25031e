import { TransportError } from '../../../core/transport/transport-error.js';

/**
 * A failure of a question that comes before any message: whatever became of the question, nothing was sent. So what
 * would be `unknown` of a message is only that the broker cannot be used.
 */
export function unsent(error: unknown): TransportError {
  if (!(error instanceof TransportError)) throw error;
  if (error.kind !== 'unknown') return error;
  const { brokerCode, cause } = error;
  return new TransportError('unavailable', error.message, { ...(brokerCode !== undefined && { brokerCode }), cause });
}
