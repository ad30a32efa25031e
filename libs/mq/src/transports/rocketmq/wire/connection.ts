import { describeError } from '../../../core/errors/describe-error.js';
import type { CallOptions, Metadata, ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../../core/runtime/clock.js';
import { onAbort } from '../../../core/runtime/on-abort.js';
import { defect, isDefect } from '../../../core/transport/defect.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import { callFailure, GRPC } from './call-failure.js';
import type { ReceiveMessageRequest, ReceiveMessageResponseReceived, UnaryCalls } from '../protocol/generated.js';
import type { TelemetryStream } from './messaging-client.js';
import type { Channel } from './channel.js';
import type { Endpoint } from './endpoint.js';

/** Errors that calls end with when nobody has answered, as far as can be told. */
const OURS: readonly number[] = [GRPC.CANCELLED, GRPC.DEADLINE_EXCEEDED, GRPC.UNAVAILABLE];
/** Calls without an answer, one after the other, after which a connection that looks alive is given up. */
const MISSED_LIMIT = 2;

export interface Call {
  /** For messages: `send to 'orders'`. */
  readonly what: string;
  readonly headers: Metadata;
  /** How long the server may take before it owes an answer: the wait of a long poll. Default 0. */
  readonly waitMs?: number;
  /** From the start, the wait included. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** One part of an answer that comes in parts. */
export interface ReceivedPart extends ReceiveMessageResponseReceived {
  /** When it came, on the monotonic clock. */
  readonly receivedAt: number;
}

/**
 * Connection makes calls to one endpoint, each with a deadline, and tells every failure as a {@link TransportError}.
 *
 * States: *silent 0* → a call that misses its deadline → *silent 1* → another, which began later → the channel is replaced,
 * *silent 0*; any answer, also an error of the server's, leads back to *silent 0*. It is no miss when anything else was
 * answered since its answer was due, which for a long poll is the end of its wait: the server lives, and has too much to do;
 * that is `unanswered`. Nor is one that was lost together with another one. A miss while there was no connection replaces the channel at once. Why: gRPC reconnects by itself when a connection is closed, but one that swallows packets stays there
 * until the operating system gives up on it, which takes a quarter of an hour, and one that is being made is not given up
 * for two minutes. Pings of HTTP/2 would find out sooner; servers answer those that come more often than every five
 * minutes with GOAWAY.
 *
 * With a channel that is replaced or closed end its calls and streams: a long poll on a dead connection would otherwise
 * hold up its loop long after the server is back.
 */
export class Connection {
  private channel: Channel | null = null;
  private missed = 0;
  private closed = false;
  private failedAt: number | null = null;

  constructor(
    readonly endpoint: Endpoint,
    private readonly makeChannel: (endpoint: Endpoint) => Channel,
    private readonly clock: Clock,
  ) {}

  /** Whether the last call came to nothing, lately: others are to be preferred while there are some. */
  get isDoubtful(): boolean {
    return this.failedAt !== null && this.clock.monotonic() - this.failedAt < 10_000;
  }

  /** One request, one answer. @throws {TransportError} */
  async unary<Name extends keyof UnaryCalls>(
    name: Name,
    request: UnaryCalls[Name]['request'],
    call: Call,
  ): Promise<UnaryCalls[Name]['response']> {
    return this.run(call, ({ client }, options, done) => {
      const running = client[name](request as never, call.headers, options, (error, response) =>
        done(error, response as UnaryCalls[Name]['response']),
      );
      return () => running.cancel();
    });
  }

  /**
   * One request, everything that is answered to it. What came before the call failed or was given up is the answer: those
   * messages are leased to us, and nobody else gets them before that ends.
   *
   * @throws {TransportError}
   */
  async receive(request: ReceiveMessageRequest, call: Call): Promise<ReceivedPart[]> {
    return this.run(call, (channel, options, done) => {
      const parts: ReceivedPart[] = [];
      let failure: ServiceError | null = null;
      const stream = channel.client.receiveMessage(request, call.headers, options);
      stream.on('data', (part: ReceiveMessageResponseReceived) => {
        channel.answered();
        parts.push({ ...part, receivedAt: this.clock.monotonic() });
      });
      stream.on('error', (error: ServiceError) => (failure = error));
      // Comes after every error as well, and, other than that, after the last part.
      stream.on('end', () => done(parts.some(({ message }) => message) ? null : failure, parts));
      return () => stream.cancel();
    });
  }

  /** A stream in both directions without a deadline. It fails, as by itself, when the channel is replaced or closed. */
  telemetry(headers: Metadata): TelemetryStream {
    const channel = this.connected();
    const stream = channel.client.telemetry(headers);
    // Also after everybody else has stopped listening: an 'error' without a listener ends the process.
    stream.on('error', (error: ServiceError) => {
      if (channel === this.channel && error.code === GRPC.UNAVAILABLE) this.failedAt = this.clock.monotonic();
    });
    channel.adopt(stream);
    return stream;
  }

  /**
   * The question with which this stream began was not answered in time, which counts like a call that missed its deadline.
   * Answers whether others were answered meanwhile.
   */
  unanswered(stream: TelemetryStream): boolean {
    const startedAt = this.channel?.startOf(stream) ?? null;
    if (this.channel === null || startedAt === null) return false;
    const othersWere = this.channel.hasAnsweredSince(startedAt);
    this.missedOne(this.channel.isConnected, othersWere, this.missed);
    return othersWere;
  }

  /** Drops the channel; the next call makes a new one. */
  replace(): void {
    const { channel } = this;
    this.channel = null;
    this.missed = 0;
    channel?.close();
  }

  close(): void {
    this.closed = true;
    this.replace();
  }

  private run<T>(
    call: Call,
    start: (
      channel: Channel,
      options: CallOptions,
      done: (error: ServiceError | null, answer?: T) => void,
    ) => () => void,
  ): Promise<T> {
    const { what, waitMs = 0, deadlineMs, signal } = call;
    if (signal.aborted) return Promise.reject(new TransportError('aborted', `${what}: the caller gave up`));
    return new Promise<T>((resolve, reject) => {
      const channel = this.connected();
      const connections = channel.connections();
      const dueAt = this.clock.monotonic() + waitMs;
      const { missed } = this;
      let forget: () => void = () => undefined;
      const ended = channel.began();
      const done = (error: ServiceError | null, answer?: T): void => {
        forget();
        ended();
        const sent = connections.sinceStart();
        const othersWere = channel.hasAnsweredSince(dueAt);
        this.judge(channel, error, { sent, othersWere, missed, aborted: signal.aborted });
        if (!error) resolve(answer as T);
        else if (signal.aborted) {
          const kind = sent ? 'unknown' : 'aborted';
          reject(new TransportError(kind, `${what}: the caller gave up`, { cause: error }));
        } else reject(callFailure(`${what} at ${this.endpoint.key}`, error, sent, othersWere));
      };
      try {
        const deadline = new Date(this.clock.now() + deadlineMs);
        const cancel = start(channel, { deadline }, done);
        forget = onAbort(signal, cancel);
      } catch (error) {
        ended();
        // A wrong argument, or the channel was closed in between: nothing has left.
        const away = (): TransportError =>
          new TransportError('unavailable', `${what}: ${describeError(error).message}`, { cause: error });
        reject(isDefect(error) ? defect(what, error) : away());
      }
    });
  }

  private judge(
    channel: Channel,
    error: ServiceError | null,
    { sent, othersWere, missed, aborted }: { sent: boolean; othersWere: boolean; missed: number; aborted: boolean },
  ): void {
    if (!error || !OURS.includes(error.code)) channel.answered();
    if (channel !== this.channel || aborted) return;
    if (error?.code !== GRPC.DEADLINE_EXCEEDED) {
      this.missed = 0;
      this.failedAt = error?.code === GRPC.UNAVAILABLE ? this.clock.monotonic() : null;
      return;
    }
    this.missedOne(sent, othersWere, missed);
  }

  /** @param before misses when the call began */
  private missedOne(connected: boolean, othersWereAnswered: boolean, before: number): void {
    this.failedAt = this.clock.monotonic();
    if (othersWereAnswered) this.missed = 0;
    else if (before === this.missed) this.missed += 1;
    if (!connected || this.missed >= MISSED_LIMIT) this.replace();
  }

  private connected(): Channel {
    if (this.closed) throw new TransportError('unavailable', `${this.endpoint.key}: the transport is closed`);
    if (this.channel?.isStale) this.replace();
    try {
      return (this.channel ??= this.makeChannel(this.endpoint));
    } catch (error) {
      throw defect(this.endpoint.key, error);
    }
  }
}
