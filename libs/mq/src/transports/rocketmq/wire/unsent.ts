import { defect } from '../../../core/transport/defect.js';
import { TransportError } from '../../../core/transport/transport-error.js';

/** What is not known of a message, and says of a question only that the broker cannot be used, or has too much to do. */
const OF_QUESTIONS = { unknown: 'unavailable', unanswered: 'throttled' } as const;

/** A failure of a question that comes before any message: whatever became of the question, nothing was sent. */
export function unsent(error: unknown): TransportError {
  if (!(error instanceof TransportError)) return defect('a question to the server', error);
  const { kind } = error;
  return kind === 'unknown' || kind === 'unanswered' ? error.with({ kind: OF_QUESTIONS[kind] }) : error;
}
