import type { MessagingClient, TelemetryStream } from '../protocol/service.js';
import type { ChannelSockets } from './channel-sockets.js';

/** `connectivityState` of gRPC. */
const READY = 2;
const SHUTDOWN = 4;

/** One gRPC channel, how often it was connected, and the streams on it. */
export class Channel {
  private readonly streams = new Set<TelemetryStream>();
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
    this.streams.add(stream);
    // The one event that every end brings: a stream that the server ends alone never emits 'close'.
    stream.on('status', () => this.streams.delete(stream));
  }

  carries(stream: TelemetryStream): boolean {
    return this.streams.has(stream);
  }

  /** Ends what is under way as well: gRPC would let calls go on, which keeps their connection and the process for as long. */
  close(): void {
    for (const stream of this.streams) stream.cancel();
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
