import { codeOf } from '../../core/errors/mq-error.js';
import { describeError } from '../../core/errors/describe-error.js';
import type { MqErrorCode } from '../../core/errors/codes.js';
import { readProperty } from '../../core/runtime/read-property.js';
import { EXIT } from '../exit-codes.js';

/** What comes from outside at the moment of the call. Every other error of ours says that something is set up or written wrong. */
const NOT_USAGE: readonly MqErrorCode[] = [
  'MQ_BROKER_UNAVAILABLE',
  'MQ_BROKER_AUTH',
  'MQ_BROKER_THROTTLED',
  'MQ_BROKER_REJECTED',
  'MQ_TRANSPORT_DEFECT',
  'MQ_OUTCOME_UNKNOWN',
  'MQ_DATABASE_UNAVAILABLE',
];

/** How a command ends that failed, and what it says: a sentence where that is all there is to know, else with the stack. */
export function describeFailure(error: unknown): { readonly code: number; readonly text: string } {
  const { message, stack } = describeError(error);
  // By its name: the package's program has one of its own.
  if (readProperty(error, 'name') === 'UsageError') return { code: EXIT.usage, text: message };
  const code = codeOf(error);
  if (code === null) return { code: EXIT.unexpected, text: stack ?? message };
  return { code: NOT_USAGE.includes(code) ? EXIT.unexpected : EXIT.usage, text: `${code}: ${message}` };
}
