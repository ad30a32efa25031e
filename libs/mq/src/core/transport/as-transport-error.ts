import { describeError } from '../errors/describe-error.js';
import { TransportError } from './transport-error.js';

/** What a call to a broker rejected with; of anything else it is said that the transport failed by itself. */
export function asTransportError(error: unknown): TransportError {
  return error instanceof TransportError
    ? error
    : new TransportError('defect', describeError(error).message, { cause: error });
}
