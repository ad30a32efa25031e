import { LEASE_MARGIN_MS } from '../config/resolve-groups.js';
import type { Clock } from '../runtime/clock.js';
import type { TransportCapabilities } from '../transport/capabilities.js';
import type { Delivery, InboundMessage, MessageSource } from '../transport/transport.js';
import type { AckBatcher } from './ack-batcher.js';
import { leaseLength } from './lease-length.js';
import { LeaseKeeper } from '../transport/lease-keeper.js';
import type { ShortLease } from './short-lease.js';

/** Share of the lease by whose end an attempt from memory must be over; what comes later is the broker's to deliver. */
const HOLDABLE_SHARE = 0.8;

export interface LeaseEnvironment {
  readonly source: MessageSource;
  readonly acks: AckBatcher;
  readonly capabilities: TransportCapabilities;
  readonly clock: Clock;
  readonly hangUp: AbortSignal;
  /** Timeout of one attempt. */
  readonly timeoutMs: number;
}

/** A delivery and what its lease allows: whether another attempt fits, and how it is given back or acknowledged. */
export class LeasedDelivery {
  readonly message: InboundMessage;
  readonly deliveryCount: number;
  private readonly givenMs: number;

  constructor(
    private readonly env: LeaseEnvironment,
    private delivery: Delivery,
  ) {
    // Of the first: an extension answers with a delivery of the transport's, which nobody has bounded.
    this.message = delivery.message;
    this.deliveryCount = delivery.deliveryCount;
    this.givenMs = this.remaining;
  }

  get isLast(): boolean {
    return this.delivery.isLast ?? false;
  }

  /** Whether a whole attempt and its settling still fit; with a lease that is prolonged, whether there is time to do so. */
  get suffices(): boolean {
    return this.remaining >= (this.isExtendable ? this.askedMs / 2 : this.needed);
  }

  /** What the broker gave, if no attempt fits into it: not now, and not at the next delivery either. */
  get tooShort(): ShortLease | null {
    const { timeoutMs } = this.env;
    if (this.isExtendable || this.givenMs >= this.needed) return null;
    return { leaseMs: Math.floor(this.givenMs), timeoutMs, neededMs: this.needed };
  }

  /** How long an attempt may wait for a copy of the message that is being handled elsewhere. Never 0: databases take that for no limit. */
  get lockWaitMs(): number {
    return this.isExtendable ? LEASE_MARGIN_MS : Math.max(1, Math.floor(this.remaining - this.needed));
  }

  /** Prolongs a lease that is too short, where that is possible. `false`: no attempt may start. */
  async ensure(): Promise<boolean> {
    if (this.suffices || !this.isExtendable) return this.suffices;
    try {
      const extended = await this.env.source.extend!(this.delivery, this.askedMs, this.env.hangUp);
      if (extended !== null) this.delivery = extended;
      return extended !== null;
    } catch {
      return false;
    }
  }

  /** Keeps the lease until the returned keeper is given to {@link release}; `null` where leases cannot be prolonged. */
  keep(onLost: () => void): LeaseKeeper | null {
    const { source, clock, hangUp } = this.env;
    return this.isExtendable ? new LeaseKeeper(source, clock, this.askedMs, this.delivery, onLost, hangUp) : null;
  }

  async release(keeper: LeaseKeeper | null): Promise<void> {
    if (keeper) this.delivery = await keeper.stop();
  }

  /** Whether an attempt after `delayMs` may be made from memory. */
  fitsAfter(delayMs: number): boolean {
    const inShare = delayMs + this.env.timeoutMs <= HOLDABLE_SHARE * this.givenMs;
    return inShare && delayMs + this.needed <= this.remaining;
  }

  /** Whether the broker can be told when to deliver again. */
  get takesDelay(): boolean {
    return this.env.capabilities.explicitRetryDelay && this.env.source.retryIn !== undefined;
  }

  /** Tells the broker when to deliver again. `false`: it has not heard, so that is when the lease ends. */
  async retryIn(ms: number, untried = false): Promise<boolean> {
    if (!this.takesDelay) return false;
    try {
      return (await this.env.source.retryIn!(this.delivery, ms, this.env.hangUp, untried)) === 'done';
    } catch {
      return false;
    }
  }

  /** Not waited for: the commit is what counts, and the place is free for the next. */
  ack(): void {
    void this.env.acks.ack(this.delivery);
  }

  private get isExtendable(): boolean {
    return this.env.capabilities.leaseExtension && this.env.source.extend !== undefined;
  }

  private get askedMs(): number {
    return leaseLength(this.env.capabilities, this.env.timeoutMs);
  }

  private get needed(): number {
    return this.env.timeoutMs + LEASE_MARGIN_MS;
  }

  private get remaining(): number {
    return this.delivery.leaseEndsAt - this.env.clock.monotonic();
  }
}
