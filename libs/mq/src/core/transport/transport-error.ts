import { brand } from '../errors/brand.js';

/**
 * The longest wait that somebody else can impose. A broker, or a proxy that speaks for it, asks for seconds; what asks for
 * years is broken or hostile, and would end up in the database as the time at which a message is due.
 */
export const MAX_ASKED_WAIT_MS = 300_000;

/**
 * Why a call to a broker failed, in words that the core acts on.
 *
 * About this message, for ever: `invalid`, `too-large`. About the connection, so nothing is held against the message:
 * `unavailable` (refused, DNS, TLS, a broker that takes nothing for now: nothing was sent), `auth` (credentials). About a topic or group, likewise:
 * `not-found`, `throttled`, `forbidden` (the credentials are right, and have no right to it). Where a broker does not say
 * whose fault it is: `denied` (credentials, or rights), `refused` (this message, or how its topic is set up); the relay
 * finds out by what becomes of others. Nobody can tell whether it arrived: `unknown` (timeout, reset, 5xx, an answer that
 * makes no sense), `unanswered` (a timeout, while the same server answered others: it has too much to do, or one of those that
 * it stands for owes the answer). About a delivery: `lease-lost`. `aborted`: the caller's own signal.
 * `defect`: this transport, or the package that it uses, failed by itself before anything was sent; no broker is to blame.
 */
export type TransportErrorKind =
  | 'invalid'
  | 'too-large'
  | 'refused'
  | 'unavailable'
  | 'auth'
  | 'denied'
  | 'forbidden'
  | 'not-found'
  | 'throttled'
  | 'unknown'
  | 'unanswered'
  | 'lease-lost'
  | 'aborted'
  | 'defect';

export interface TransportErrorOptions {
  /** The broker's own code, as it sent it. */
  readonly brokerCode?: string | undefined;
  /**
   * Which of several brokers behind this transport failed, by a name that stays; of those that one server stands for, and
   * chooses among, the server's. What is said of it is not said of the others, while those take messages:
   * {@link SendReceipt.broker} tells who does. Left out by transports that have one broker.
   */
  readonly broker?: string | undefined;
  /**
   * `true` of an `unknown` that the broker answered, with something that leaves the outcome unknown. Where there are several
   * brokers, what is left without an answer is held against none of the messages that share it; what was said is.
   */
  readonly answered?: boolean | undefined;
  /** The broker's id of the request, for its support. */
  readonly requestId?: string | undefined;
  /** How long the broker asks to wait, in milliseconds; {@link MAX_ASKED_WAIT_MS} at most is granted. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

const TRANSPORT_ERROR = brand('transport-error');

/** The only error that a transport's calls reject with. Its message never contains a secret or a payload. */
export class TransportError extends Error {
  override readonly name: string = 'TransportError';
  readonly kind: TransportErrorKind;
  readonly brokerCode: string | undefined;
  readonly broker: string | undefined;
  readonly answered: boolean;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: TransportErrorKind, message: string, options: TransportErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.brokerCode = options.brokerCode;
    this.broker = options.broker;
    this.answered = options.answered ?? false;
    this.requestId = options.requestId;
    this.retryAfterMs = askedWait(options.retryAfterMs);
    TRANSPORT_ERROR.mark(this);
  }

  /** The same failure, of which more is known, or something else. */
  with({
    kind = this.kind,
    message = this.message,
    ...more
  }: TransportErrorOptions & { readonly kind?: TransportErrorKind; readonly message?: string } = {}): TransportError {
    const { brokerCode, broker, answered, requestId, retryAfterMs, cause } = this;
    return new TransportError(kind, message, { brokerCode, broker, answered, requestId, retryAfterMs, cause, ...more });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return TRANSPORT_ERROR.holds(this, TransportError, value);
  }
}

/** A wait that was asked for, from 0 to {@link MAX_ASKED_WAIT_MS}; `undefined` for what is no number. */
function askedWait(ms: number | undefined): number | undefined {
  return ms === undefined || Number.isNaN(ms) ? undefined : Math.min(MAX_ASKED_WAIT_MS, Math.max(0, ms));
}
