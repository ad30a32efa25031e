import type { Client, Dispatcher } from 'undici';
import { describeError } from '../../../core/errors/describe-error.js';
import { readProperty } from '../../../core/runtime/read-property.js';
import type { Clock } from '../../../core/runtime/clock.js';
import { deferred } from '../../../core/runtime/deferred.js';
import { onAbort } from '../../../core/runtime/on-abort.js';
import { defect, isDefect } from '../../../core/transport/defect.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import type { SignedRequest } from './request.js';

/** An answer of whoever answered: a broker, or something on the way to it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
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
 * after the start leaves the outcome `unknown`, the caller's abort included. undici tells the moment between the two:
 * `onRequestStart` comes after the connection (and its TLS) and before the first byte.
 *
 * One deadline covers connecting, headers and body together, so an answer that drips byte by byte has no timer to
 * outwit. Redirects are not followed: the credentials are for this origin.
 */
export class HttpExchange implements Dispatcher.DispatchHandler {
  private readonly result = deferred<HttpAnswer>();
  private readonly chunks: Buffer[] = [];
  private readonly forgetDeadline: () => void;
  private readonly forgetSignal: () => void = () => undefined;
  private controller: Dispatcher.DispatchController | null = null;
  private release: (reusable: boolean) => void = () => undefined;
  private bytes = 0;
  private status = 0;
  private headers: HttpAnswer['headers'] = {};
  private arrivedAt = 0;
  ended = false;

  constructor(
    private readonly request: SignedRequest,
    private readonly limits: ExchangeLimits,
    private readonly clock: Clock,
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

  /** `release` is called when the socket is free again, which may be later than the exchange ends; or when it is broken. */
  start(client: Client, release: (reusable: boolean) => void): void {
    this.release = release;
    const { method, path, headers, body } = this.request;
    try {
      client.dispatch(
        {
          method,
          path,
          headers,
          body: body === '' ? null : body,
          // The deadline replaces undici's own timers for headers and body.
          headersTimeout: 0,
          bodyTimeout: 0,
          // An acknowledgement is a DELETE with a body, after which undici would close the socket unless told not to:
          // a new connection, and a TLS handshake, for each of them.
          reset: false,
        },
        this,
      );
    } catch (cause) {
      this.onResponseError(null, cause as Error);
    }
  }

  /** Ends an exchange that has not started. */
  refuse(why: string, cause?: unknown): void {
    this.end(new TransportError('unavailable', `${why}; the request was not sent`, { cause }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.ended) controller.abort(new Error('nobody waits for this request any more'));
  }

  onResponseStart(_: unknown, status: number, headers: HttpAnswer['headers']): void {
    // Also told of an interim answer (1xx); the final one then overwrites it.
    this.status = status;
    this.headers = headers;
    this.arrivedAt = this.clock.monotonic();
    if (Number(headers['content-length']) > this.limits.maxResponseBytes) this.tooLarge();
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > this.limits.maxResponseBytes) this.tooLarge();
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const { chunks, status, headers, arrivedAt } = this;
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    if (this.end(null)) this.result.resolve({ status, headers, body, arrivedAt });
    this.release(true);
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.controller) this.fail(`the connection broke (${describe(error)})`, error);
    else if (isDefect(error)) this.end(defect('the request', error));
    else this.refuse(`the broker cannot be reached (${describe(error)})`, error);
    this.release(false);
  }

  private readonly onDeadline = (): void => {
    const { deadlineMs } = this.limits;
    if (this.controller) this.fail(`no complete answer within ${deadlineMs} ms`);
    else this.refuse(`no connection to the broker within ${deadlineMs} ms`);
  };

  private readonly onAbort = (): void => {
    if (this.controller) this.fail('the caller gave up');
    else this.end(new TransportError('aborted', 'the caller gave up; the request was not sent'));
  };

  private tooLarge(): void {
    this.fail(`the answer is larger than ${this.limits.maxResponseBytes} bytes`);
  }

  private fail(why: string, cause?: unknown): void {
    const error = new TransportError('unknown', `${why} after the request was sent; it may have been carried out`, {
      cause,
    });
    if (this.end(error)) this.controller?.abort(error);
  }

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
