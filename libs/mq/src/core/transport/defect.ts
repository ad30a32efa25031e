import { describeError } from '../errors/describe-error.js';
import { oneLine } from '../runtime/one-line.js';
import { readProperty } from '../runtime/read-property.js';
import { TransportError } from './transport-error.js';

/** Names of errors that a program makes, and no network. */
const NAMES: readonly unknown[] = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AssertionError'];
/** Codes of such errors. */
const CODES = /^ERR_(INVALID_|OUT_OF_RANGE|ASSERTION)/;
/** Answers of a name server that are no addresses: the network's, although Node says it with such a code. */
const OF_THE_NETWORK: readonly unknown[] = ['ERR_INVALID_IP_ADDRESS'];
/** Calls that the message shows of the stack. */
const FRAMES = 3;
const MAX_FRAMES = 300;

/**
 * Whether an error is a program's own: a wrong argument, a function that is not there. Such an error is never called
 * `unavailable`: everybody would look for a broker that is not away.
 */
export function isDefect(error: unknown): boolean {
  const code = readProperty(error, 'code');
  if (OF_THE_NETWORK.includes(code)) return false;
  return NAMES.includes(readProperty(error, 'name')) || (typeof code === 'string' && CODES.test(code));
}

/** What `make` answers; what it throws is told as a {@link defect}. */
export function orDefect<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof TransportError ? error : defect(what, error);
  }
}

/**
 * The error for what failed by itself before anything was sent. The message shows where: it is all that stands in a log
 * line and in `mq_error_log`, and the whole stack is that of `cause`.
 */
export function defect(what: string, cause: unknown): TransportError {
  const { name, message, stack } = describeError(cause);
  const frames = (stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, FRAMES)
    .join(' ');
  const where = frames === '' ? '' : ` (${oneLine(frames).slice(0, MAX_FRAMES)})`;
  const said = message.startsWith(name) ? message : `${name}: ${message}`;
  return new TransportError('defect', `${what} failed by itself, nothing was sent: ${said}${where}`, { cause });
}
