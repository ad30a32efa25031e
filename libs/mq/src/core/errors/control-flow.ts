import { type Duration, parseDuration, tryParseDuration } from '../runtime/duration.js';
import { brand } from './brand.js';
import { readProperty } from '../runtime/read-property.js';

const RETRY_LATER = brand('retry-later');
const PERMANENT = brand('permanent');
const DISCARD = brand('discard');

/**
 * Thrown by a handler that wants its message again after a time of its own choosing. Counts as a failed attempt.
 *
 * A broker that cannot be told when to redeliver keeps the message until its lease ends; a delay that fits into the
 * lease is kept in memory and honoured, a longer one becomes the end of the lease.
 *
 * @example throw new RetryLater('30s', 'the warehouse is closed for stock taking');
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly delayMs: number;

  constructor(
    delay: Duration,
    reason = 'the handler asked for a later attempt',
    options?: { readonly cause?: unknown },
  ) {
    super(reason, options);
    this.delayMs = parseDuration(delay);
    RETRY_LATER.mark(this);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return RETRY_LATER.holds(this, RetryLater, value);
  }
}

/** The time that a thrown value asks for, `null` when it asks for none: it is somebody else's object by the time it is caught. */
export function delayAskedBy(error: unknown): number | null {
  if (!(error instanceof RetryLater)) return null;
  return tryParseDuration(readProperty(error, 'delayMs')) ?? null;
}

/**
 * Thrown by a handler for a message that no further attempt can help: it is parked at once, with its payload.
 *
 * @example throw new PermanentError(`no such sku: ${sku}`);
 */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';

  constructor(message?: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    PERMANENT.mark(this);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return PERMANENT.holds(this, PermanentError, value);
  }
}

/**
 * Thrown by a handler for a message that nobody needs any more: what the attempt did is rolled back, the message counts as handled and
 * never comes again. Not for what went wrong: nothing is kept but a log line and the event `delivery.discarded`.
 *
 * @example throw new Discard('the order was cancelled meanwhile');
 */
export class Discard extends Error {
  override readonly name: string = 'Discard';

  constructor(reason: string, options?: { readonly cause?: unknown }) {
    super(reason, options);
    DISCARD.mark(this);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return DISCARD.holds(this, Discard, value);
  }
}
