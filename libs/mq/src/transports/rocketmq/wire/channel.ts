import type { MessagingClient, TelemetryStream } from '../protocol/service.js';
import type { ChannelSockets } from './channel-sockets.js';

/** `connectivityState` of gRPC. */
const READY = 2;
const SHUTDOWN = 4;

/** One gRPC channel, how often it was connected, and the streams on it. */
export class Channel {
  /** What has come through it, whatever it was. */
  answers = 0;
  /** And how much had when each stream began. */
  private readonly streams = new Map<TelemetryStream, number>();
  private timesReady = 0;

  constructor(
    readonly client: MessagingClient,
    private readonly sockets: ChannelSockets,
  ) {
    this.watch();
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

  adopt(stream: TelemetryStream): void {
    this.streams.set(stream, this.answers);
    stream.on('data', () => (this.answers += 1));
    // The one event that every end brings: a stream that the server ends alone never emits 'close'.
    stream.on('status', () => this.streams.delete(stream));
  }

  /** How much had come through when this stream began; `null` for one of another channel. */
  answersBefore(stream: TelemetryStream): number | null {
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
