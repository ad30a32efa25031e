import type { ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../../core/runtime/clock.js';
import { deferred, type Deferred } from '../../../core/runtime/deferred.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import { isOk, refusal } from '../refusal.js';
import { callFailure, GRPC } from '../wire/call-failure.js';
import type { Settings, TelemetryCommand, TelemetryCommandReceived } from '../protocol/generated.js';
import { unsent } from '../wire/unsent.js';
import type { TelemetryStream } from '../wire/messaging-client.js';

export interface TelemetryOptions {
  /** For messages: `session of GID_stock at 10.0.0.1:8081`. */
  readonly what: string;
  /** How long the server may take to answer the settings. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  connect(): TelemetryStream;
  /** Told of a stream on which nothing was answered in time; answers whether the server answered others meanwhile. */
  unanswered(stream: TelemetryStream): boolean;
  /** Who we are and what we want, at this moment. */
  settings(): Settings;
}

interface Exchange {
  readonly stream: TelemetryStream;
  readonly answered: Deferred<void>;
  ready: boolean;
}

/**
 * The stream on which one client and one server tell each other what they are. Until the server has answered our
 * settings it does not know us, and refuses to hand out messages.
 *
 * States: *absent* → `ready()` → *asking* (the stream is there, our settings are on their way) → the server's settings →
 * *ready*. A refusal, an error, the end of the stream or silence lead from both back to *absent*, and every waiting
 * `ready()` is told why; no stream is made again until somebody asks. So nothing reconnects behind a transport that was
 * closed, and a server that refuses us is asked as often as somebody wants a message, not once a second for ever. What a
 * stream says after it was left is ignored.
 */
export class Telemetry {
  /** Of the group's settings at the server, as it answered them last. */
  maxDeliveries: number | null = null;
  /** Likewise: whether it was made for orderly delivery. */
  isOrderly: boolean | null = null;
  private exchange: Exchange | null = null;

  constructor(private readonly options: TelemetryOptions) {}

  get isReady(): boolean {
    return this.exchange?.ready ?? false;
  }

  /** Resolves when the server knows us. @throws {TransportError} never `unknown`: no message was on its way yet */
  ready(): Promise<void> {
    this.exchange ??= this.ask();
    return this.exchange.answered.promise;
  }

  /** Tells the server the settings again, because they have changed, or because it has forgotten them. */
  sync(): void {
    if (this.exchange) this.write(this.exchange, { settings: this.options.settings() });
  }

  /** Forgets the stream: the next `ready()` makes another. */
  close(reason = new TransportError('unavailable', `${this.options.what}: closed`)): void {
    if (this.exchange) this.leave(this.exchange, reason);
  }

  private ask(): Exchange {
    const { clock, timeoutMs, what } = this.options;
    const exchange: Exchange = { stream: this.options.connect(), answered: deferred(), ready: false };
    const { stream, answered: settled } = exchange;
    // Whoever waits hears of it; nobody may be waiting.
    settled.promise.catch(() => undefined);
    stream.on('data', (command: TelemetryCommandReceived) => this.hear(exchange, command));
    stream.on('error', (error: ServiceError) => this.leave(exchange, this.failure(error)));
    stream.on('end', () => this.leave(exchange, new TransportError('unavailable', `${what}: the server ended it`)));
    const forget = clock.schedule(timeoutMs, () => {
      const kind = this.options.unanswered(stream) ? 'throttled' : 'unavailable';
      this.leave(exchange, new TransportError(kind, `${what}: no answer to our settings within ${timeoutMs} ms`));
    });
    settled.promise.then(forget, forget);
    this.write(exchange, { settings: this.options.settings() });
    return exchange;
  }

  private hear(exchange: Exchange, command: TelemetryCommandReceived): void {
    if (this.exchange !== exchange) return;
    const { status, settings, printThreadStackTraceCommand: trace, verifyMessageCommand: verify } = command;
    if (status && !isOk(status)) {
      this.leave(exchange, unsent(refusal(this.options.what, status)));
    } else if (settings) {
      exchange.ready = true;
      this.maxDeliveries = settings.backoffPolicy?.maxAttempts || null;
      this.isOrderly = settings.subscription?.fifo ?? null;
      exchange.answered.resolve();
    } else if (trace) {
      this.write(exchange, { threadStackTrace: { nonce: trace.nonce, threadStackTrace: 'not available in Node' } });
    } else if (verify) {
      // An administrator wants a message handled now, outside of any delivery; here only deliveries are handled once.
      this.write(exchange, {
        status: { code: 'NOT_IMPLEMENTED', message: 'send the message instead' },
        verifyMessageResult: { nonce: verify.nonce },
      });
    } else if (command.reconnectEndpointsCommand) {
      this.leave(exchange, new TransportError('unavailable', `${this.options.what}: the server asks to reconnect`));
    }
  }

  private write({ stream }: Exchange, command: TelemetryCommand): void {
    if (!stream.destroyed && stream.writable) stream.write(command);
  }

  private leave(exchange: Exchange, reason: TransportError): void {
    if (this.exchange === exchange) this.exchange = null;
    exchange.ready = false;
    exchange.answered.reject(reason);
    exchange.stream.cancel();
  }

  private failure(error: ServiceError): TransportError {
    const { what } = this.options;
    // 5.4 and newer no longer make a group that is asked for; they have no code of their own to say so.
    if (error.code === GRPC.INVALID_ARGUMENT && /group not found/i.test(error.details)) {
      return new TransportError('not-found', `${what}: the consumer group does not exist; create it at the broker`, {
        brokerCode: `gRPC ${error.code}`,
        cause: error,
      });
    }
    return callFailure(what, error, false);
  }
}
