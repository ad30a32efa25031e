import type { Clock } from '../../../core/runtime/clock.js';
import type { MessagingClient, TelemetryStream } from './messaging-client.js';
import type { ChannelSockets } from './channel-sockets.js';

/** `connectivityState` of gRPC. */
const READY = 2;
const SHUTDOWN = 4;
/**
 * After this long without a word a connection is made anew before it is used. Routes in use are asked for twice as often.
 * What is on the way (NAT, firewalls, load balancers) forgets connections after four minutes or more, and says nothing of it.
 */
const STALE_MS = 60_000;

/** One gRPC channel, how often it was connected, and the streams on it. */
export class Channel {
  /** When something came through it last, whatever it was, or when it was made; on the monotonic clock. */
  private heardAt: number;
  private calls = 0;
  /** And when each stream began. */
  private readonly streams = new Map<TelemetryStream, number>();
  private timesReady = 0;

  constructor(
    readonly client: MessagingClient,
    private readonly sockets: ChannelSockets,
    private readonly clock: Clock,
  ) {
    this.heardAt = clock.monotonic();
    this.watch();
  }

  /**
   * Whether nothing has used it for a while, so that nobody knows whether it still leads anywhere. One with a stream has the
   * heartbeats of its session, which find out.
   */
  get isStale(): boolean {
    return this.calls === 0 && this.streams.size === 0 && this.clock.monotonic() - this.heardAt > STALE_MS;
  }

  /** Something came through. */
  answered(): void {
    this.heardAt = this.clock.monotonic();
  }

  /** A call begins; answers with what tells its end. */
  began(): () => void {
    this.calls += 1;
    return () => (this.calls -= 1);
  }

  get isConnected(): boolean {
    return this.state === READY;
  }

  /** Starts to look: `sinceStart` tells whether there has been a connection since. */
  connections(): { sinceStart(): boolean } {
    const before = this.timesReady;
    const wasReady = this.isConnected;
    return { sinceStart: () => wasReady || this.timesReady > before };
  }

  /** Whether anything came through later than at this time. */
  hasAnsweredSince(at: number): boolean {
    return this.heardAt > at;
  }

  adopt(stream: TelemetryStream): void {
    this.streams.set(stream, this.clock.monotonic());
    stream.on('data', () => this.answered());
    // The one event that every end brings: a stream that the server ends alone never emits 'close'.
    stream.on('status', () => this.streams.delete(stream));
  }

  /** When this stream began; `null` for one of another channel. */
  startOf(stream: TelemetryStream): number | null {
    return this.streams.get(stream) ?? null;
  }

  /** Ends what is under way as well: gRPC would let calls go on, which keeps their connection and the process for as long. */
  close(): void {
    for (const stream of this.streams.keys()) stream.cancel();
    this.client.close();
    // After the turn in which what was cancelled is told to the server.
    setImmediate(() => this.sockets.close());
  }

  private get state(): number {
    return this.client.getChannel().getConnectivityState(false);
  }

  /** gRPC tells of one change at a time. A call whose connection came and went between two looks was still counted. */
  private watch(): void {
    const { state } = this;
    if (state === READY) this.timesReady += 1;
    if (state === SHUTDOWN) return;
    this.client.getChannel().watchConnectivityState(state, Infinity, (error) => {
      if (!error) this.watch();
    });
  }
}
