import { describeError } from '../../../core/errors/describe-error.js';
import { readProperty } from '../../../core/runtime/read-property.js';
import type { Clock } from '../../../core/runtime/clock.js';
import { deferred } from '../../../core/runtime/deferred.js';
import { onAbort } from '../../../core/runtime/on-abort.js';
import { defect, isDefect } from '../../../core/transport/defect.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import type { SignedRequest } from './request.js';
import { requestText } from './request-bytes.js';

/** An answer of whoever answered: a broker, or something on the way to it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** When its headers arrived, on the monotonic clock. */
  readonly arrivedAt: number;
}

export interface ExchangeLimits {
  /** From now until the last byte of the answer, waiting for a socket and connecting included. */
  readonly deadlineMs: number;
  readonly maxResponseBytes: number;
}

/**
 * One request and its answer.
 *
 * States: *waiting* (for a socket, or for its connection), *started* (the request is being written, or was),
 * *ended*. What ends it while waiting has sent nothing: `unavailable`, or `aborted` by the caller. What ends it
 * after the start leaves the outcome `unknown`, the caller's abort included. Between the two stands {@link begin}, which a socket calls
 * once it is connected (its TLS included), right before the first byte.
 *
 * One deadline covers connecting, head and body together, so an answer that drips byte by byte has no timer to
 * outwit. Redirects are not followed: the credentials are for this origin.
 */
export class HttpExchange {
  private readonly result = deferred<HttpAnswer>();
  private readonly forgetDeadline: () => void;
  private readonly forgetSignal: () => void = () => undefined;
  /** Ends the connection. There is one since the exchange has started. */
  private hangUp: (() => void) | null = null;
  ended = false;

  constructor(
    private readonly request: SignedRequest,
    private readonly limits: ExchangeLimits,
    clock: Clock,
    signal: AbortSignal,
  ) {
    this.forgetDeadline = clock.schedule(limits.deadlineMs, this.onDeadline);
    if (signal.aborted) this.onAbort();
    else this.forgetSignal = onAbort(signal, this.onAbort);
  }

  /** @throws {TransportError} */
  get answer(): Promise<HttpAnswer> {
    return this.result.promise;
  }

  get maxResponseBytes(): number {
    return this.limits.maxResponseBytes;
  }

  /** What is to be written, at once, to a socket that is connected; nothing if this has ended by now. */
  begin(host: string, hangUp: () => void): string | undefined {
    if (this.ended) return undefined;
    try {
      const text = requestText(this.request, host);
      this.hangUp = hangUp;
      return text;
    } catch (cause) {
      this.end(defect('the request', cause));
      return undefined;
    }
  }

  /** Ends an exchange that has not started. */
  refuse(why: string, cause?: unknown): void {
    this.end(new TransportError('unavailable', `${why}; the request was not sent`, { cause }));
  }

  succeed(answer: HttpAnswer): void {
    if (this.end(null)) this.result.resolve(answer);
  }

  /** The connection could not be made, or broke. */
  break(error: Error): void {
    if (this.hangUp) this.fail(`the connection broke (${describe(error)})`, error);
    else if (isDefect(error)) this.end(defect('the request', error));
    else this.refuse(`the broker cannot be reached (${describe(error)})`, error);
  }

  /** Ends an exchange that has started, and the connection with it. */
  fail(why: string, cause?: unknown): void {
    const error = new TransportError('unknown', `${why} after the request was sent; it may have been carried out`, {
      cause,
    });
    if (this.end(error)) this.hangUp?.();
  }

  private readonly onDeadline = (): void => {
    const { deadlineMs } = this.limits;
    if (this.hangUp) this.fail(`no complete answer within ${deadlineMs} ms`);
    else this.refuse(`no connection to the broker within ${deadlineMs} ms`);
  };

  private readonly onAbort = (): void => {
    if (this.hangUp) this.fail('the caller gave up');
    else this.end(new TransportError('aborted', 'the caller gave up; the request was not sent'));
  };

  private end(error: TransportError | null): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.forgetDeadline();
    this.forgetSignal();
    if (error) this.result.reject(error);
    return true;
  }
}

function describe(error: Error): string {
  const code = readProperty(error, 'code');
  const { message } = describeError(error);
  return typeof code === 'string' && !message.includes(code) ? `${code} ${message}`.trim() : message;
}
