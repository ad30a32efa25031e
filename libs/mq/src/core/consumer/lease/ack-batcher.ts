import type { MqEvents } from '../../events/event-bus.js';
import type { GroupRef } from '../../events/event-map.js';
import type { Clock } from '../../runtime/clock.js';
import { Coalescer } from '../../runtime/coalescer.js';
import { TransportError } from '../../transport/transport-error.js';
import type { Delivery, MessageSource, Settlement } from '../../transport/transport.js';

/** Pauses before an acknowledgement that got no answer is tried again. */
const RETRY_MS = [500, 2_000, 8_000];

/**
 * How long an acknowledgement waits for others while deliveries are in progress. It holds nobody up, and each request saved is
 * worth a fifth of a small handler.
 */
const LINGER_MS = 4;

interface PendingAck {
  readonly delivery: Delivery;
  readonly tries: number;
}

/**
 * Batches the acknowledgements of one source, many in one call: what commits while a call is under way goes with the next, and
 * while deliveries are in progress that may join it, one waits a moment for them.
 * Deliveries of different servers are acknowledged in parallel, because a server that is frozen answers none of its calls.
 *
 * An acknowledgement comes after the commit, so losing one costs a redelivery that the inbox absorbs, and trying it
 * again is harmless. One without an answer is tried again while its lease lasts; one that is too late is only reported.
 */
export class AckBatcher {
  /** By server; only those with pending acknowledgements. */
  private readonly coalescers = new Map<string | undefined, Coalescer<PendingAck, Settlement>>();
  private readonly pending = new Set<Promise<Settlement>>();

  constructor(
    private readonly source: MessageSource,
    private readonly max: number,
    private readonly ref: GroupRef,
    private readonly clock: Clock,
    private readonly events: MqEvents,
    private readonly signal: AbortSignal,
    /** Whether deliveries are in progress whose acknowledgements may come soon. Default: none are waited for. */
    private readonly expectsMore: (() => boolean) | null = null,
  ) {}

  /** Never rejects. */
  ack(delivery: Delivery): Promise<Settlement> {
    const answered = this.ackUntilAnswered(delivery);
    this.pending.add(answered);
    return answered.finally(() => this.pending.delete(answered));
  }

  /** Nothing is in progress any more. */
  flush(): void {
    for (const coalescer of this.coalescers.values()) coalescer.flush();
  }

  /** Resolves when no acknowledgement is pending. */
  async whenIdle(): Promise<void> {
    while (this.pending.size > 0) await Promise.all(this.pending);
  }

  private async ackUntilAnswered(delivery: Delivery): Promise<Settlement> {
    for (let tries = 0; ; tries++) {
      const settlement = await this.add({ delivery, tries });
      if (settlement !== 'unknown' || !this.mayRetry({ delivery, tries })) return settlement;
      await this.clock.sleep(RETRY_MS[tries]!, this.signal);
    }
  }

  private async add(pending: PendingAck): Promise<Settlement> {
    const { server } = pending.delivery;
    const coalescer = this.coalescers.get(server) ?? this.coalescer();
    this.coalescers.set(server, coalescer);
    try {
      return await coalescer.add(pending);
    } finally {
      if (coalescer.isIdle) this.coalescers.delete(server);
    }
  }

  private coalescer(): Coalescer<PendingAck, Settlement> {
    const { clock, expectsMore } = this;
    const linger = expectsMore && { ms: LINGER_MS, clock, expectsMore };
    return new Coalescer((batch) => this.send(batch), this.max, linger);
  }

  private mayRetry({ delivery, tries }: PendingAck): boolean {
    const pause = RETRY_MS[tries];
    return pause !== undefined && !this.signal.aborted && this.clock.monotonic() + pause < delivery.leaseEndsAt;
  }

  private async send(batch: PendingAck[]): Promise<Settlement[]> {
    const settlements = await this.call(batch.map(({ delivery }) => delivery));
    this.report(
      'lease-lost',
      settlements.filter((settlement) => settlement === 'lease-lost'),
    );
    this.report(
      'unknown',
      settlements.filter((settlement, i) => settlement === 'unknown' && !this.mayRetry(batch[i]!)),
    );
    return settlements;
  }

  private async call(deliveries: Delivery[]): Promise<Settlement[]> {
    try {
      const settlements = await this.source.ack(deliveries, this.signal);
      return deliveries.map((_, i) => settlements[i] ?? 'unknown');
    } catch (error) {
      const lost = error instanceof TransportError && error.kind === 'lease-lost';
      return deliveries.map(() => (lost ? 'lease-lost' : 'unknown'));
    }
  }

  private report(settlement: 'lease-lost' | 'unknown', failed: readonly Settlement[]): void {
    if (failed.length > 0) this.events.emit('ack.failed', { ...this.ref, count: failed.length, settlement });
  }
}
