import { describeError } from '../../../core/errors/describe-error.js';
import type { Clock } from '../../../core/runtime/clock.js';
import { defect } from '../../../core/transport/defect.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import { isCredentialRefusal } from '../refusal.js';
import type { Credentials, CredentialSource } from './credentials.js';
import { HttpExchange, type HttpAnswer } from './http-exchange.js';
import type { Call, RequestMaker, SignedRequest } from './request.js';
import type { HttpOrigin } from './http-socket.js';
import { Sockets } from './sockets.js';

export interface WireOptions {
  readonly origin: string;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** A receipt has 500 bytes, errors of 16 handles some thousands; what stands in between may answer with a page. */
const SHORT_ANSWER_BYTES = 262_144;

/** One operation of the protocol. */
export interface Operation<T> {
  /** For messages: `send to 'orders'`. */
  readonly what: string;
  readonly sockets: Sockets;
  readonly deadlineMs: number;
  /** The largest answer that it can have. Default: that of a receipt, an error, or a list of errors. */
  readonly maxResponseBytes?: number;
  readonly call: Call;
  /** What the answer means. @throws {TransportError} */
  read(answer: HttpAnswer): T;
}

/** Wire makes signed requests to one broker, each with a deadline, and tells every failure as a {@link TransportError}. */
export class Wire {
  private readonly origin: HttpOrigin;
  private readonly inUse = new Set<Sockets>();

  constructor(
    private readonly requests: RequestMaker,
    private readonly credentials: CredentialSource,
    private readonly options: WireOptions,
  ) {
    const { origin, connectTimeoutMs, clock } = options;
    this.origin = { url: new URL(origin), connectTimeoutMs, clock };
  }

  /** A set of sockets of its own: polls wait for half a minute, and sending must not wait behind them. */
  makeSockets(max: number): Sockets {
    const sockets = new Sockets(this.origin, max);
    this.inUse.add(sockets);
    return sockets;
  }

  async closeSockets(sockets: Sockets): Promise<void> {
    this.inUse.delete(sockets);
    await sockets.close();
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.inUse, (sockets) => sockets.close()));
  }

  /**
   * Runs one operation: one attempt on the wire. Only a refusal of the credentials is answered with a second one, when
   * the provider has others by now: what was refused was not carried out. All of it together, asking for credentials
   * included, ends with the operation's deadline.
   *
   * @throws {TransportError}
   */
  async run<T>(operation: Operation<T>, signal: AbortSignal): Promise<T> {
    let credentials: Credentials | null = null;
    const { clock } = this.options;
    const endsAt = clock.monotonic() + operation.deadlineMs;
    try {
      credentials = await this.credentials.current();
      return await this.attempt(operation, credentials, endsAt, signal);
    } catch (error) {
      const others = credentials && isCredentialRefusal(error) ? await this.credentials.renew(credentials) : null;
      if (!others) throw inContext(error, operation.what, credentials);
      return this.attempt(operation, others, endsAt, signal).catch((second: unknown) => {
        throw inContext(second, operation.what, others);
      });
    }
  }

  private async attempt<T>(
    operation: Operation<T>,
    credentials: Credentials,
    endsAt: number,
    signal: AbortSignal,
  ): Promise<T> {
    const { sockets, maxResponseBytes = SHORT_ANSWER_BYTES, call, read } = operation;
    const request = await this.make(call, credentials);
    const { clock } = this.options;
    const deadlineMs = Math.max(0, endsAt - clock.monotonic());
    const exchange = new HttpExchange(request, { deadlineMs, maxResponseBytes }, clock, signal);
    sockets.send(exchange);
    return read(await exchange.answer);
  }

  private async make(call: Call, credentials: Credentials): Promise<SignedRequest> {
    try {
      return await this.requests.make(call, credentials);
    } catch (error) {
      throw defect('shaping the request', error);
    }
  }
}

/**
 * The same error with where it happened, and without what a hostile or chatty answer may have echoed. Of what is no
 * {@link TransportError} nobody knows what it did.
 */
function inContext(error: unknown, what: string, credentials: Credentials | null): TransportError {
  const found =
    error instanceof TransportError
      ? error
      : new TransportError('unknown', describeError(error).message, { cause: error });
  let { message } = found;
  // The secret itself never leaves the process; the token goes with every request, and an answer may quote it.
  if (credentials?.securityToken) message = message.replaceAll(credentials.securityToken, '***');
  return found.with({ message: `${what}: ${message}` });
}
