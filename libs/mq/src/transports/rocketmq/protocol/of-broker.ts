import { TransportError } from '../../../core/transport/transport-error.js';

/** `error`, which says of which broker it is. */
export function ofBroker(broker: string, error: unknown): TransportError {
  if (!(error instanceof TransportError)) throw error;
  const { brokerCode, retryAfterMs, cause } = error;
  return new TransportError(error.kind, error.message, {
    broker,
    ...(brokerCode !== undefined && { brokerCode }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause,
  });
}
