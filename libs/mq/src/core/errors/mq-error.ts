import { brand } from './brand.js';
import { MQ_ERROR_CODES, type MqErrorCode } from './codes.js';
import { readProperty } from '../runtime/read-property.js';

const MQ_ERROR = brand('error');

export interface MqErrorOptions {
  /** Whether the same call may succeed later without anybody changing anything. Default `false`. */
  readonly retryable?: boolean;
  /** Facts for programs: sizes, limits, aliases. Never payloads, never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The only error class that this library throws at its users, apart from what their own code threw.
 *
 * `message` says what happened, where, why, and what to do now. `instanceof` also holds for an error made by a second
 * copy of the library (an ES module one beside a CommonJS one), because it looks at a registered symbol.
 *
 * @example
 * catch (error) {
 *   if (error instanceof MqError && error.code === 'MQ_PAYLOAD_TOO_LARGE') { ... }
 * }
 */
export class MqError extends Error {
  override readonly name: string = 'MqError';
  readonly code: MqErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: MqErrorCode, message: string, options: MqErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
    MQ_ERROR.mark(this);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return MQ_ERROR.holds(this, MqError, value);
  }
}

/** The code of a thrown value, `null` when it is no error of ours. */
export function codeOf(error: unknown): MqErrorCode | null {
  const code = error instanceof MqError ? readProperty(error, 'code') : undefined;
  return typeof code === 'string' && Object.hasOwn(MQ_ERROR_CODES, code) ? (code as MqErrorCode) : null;
}
