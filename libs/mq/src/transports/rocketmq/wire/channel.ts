import type { MessagingClient, TelemetryStream } from '../protocol/service.js';

/** `connectivityState.READY` of gRPC. */
const READY = 2;
const SHUTDOWN = 4;

/** One gRPC channel, how often it was connected, and the streams that have no deadline of their own. */
export class Channel {
  private readonly streams = new Set<TelemetryStream>();
  private timesReady = 0;

  constructor(readonly client: MessagingClient) {
    this.watch();
  }

  /** Starts to look: `sinceStart` tells whether there has been a connection since. */
  connections(): { sinceStart(): boolean } {
    const before = this.timesReady;
    const wasReady = this.state === READY;
    return { sinceStart: () => wasReady || this.timesReady > before };
  }

  adopt(stream: TelemetryStream): void {
    this.streams.add(stream);
    stream.on('close', () => this.streams.delete(stream));
    stream.on('error', () => this.streams.delete(stream));
  }

  close(): void {
    for (const stream of this.streams) stream.cancel();
    this.streams.clear();
    this.client.close();
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
