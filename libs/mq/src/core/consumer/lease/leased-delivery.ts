import { LEASE_MARGIN_MS } from '../../config/resolve-groups.js';
import type { Clock } from '../../runtime/clock.js';
import type { TransportCapabilities } from '../../transport/capabilities.js';
import type { Delivery, InboundMessage, MessageSource } from '../../transport/transport.js';
import type { AckBatcher } from './ack-batcher.js';
import { leaseLength } from './lease-length.js';
import { LeaseKeeper } from '../../transport/lease-keeper.js';
import type { ShortLease } from './short-lease.js';

/** Share of the lease within which an attempt from memory must end; a later attempt is left to the broker. */
const HOLDABLE_SHARE = 0.8;

interface LeaseEnvironment {
  readonly source: MessageSource;
  readonly acks: AckBatcher;
  readonly capabilities: TransportCapabilities;
  readonly clock: Clock;
  readonly hangUp: AbortSignal;
  /** Timeout of one attempt. */
  readonly timeoutMs: number;
}

/** Delivery with its lease: whether another attempt fits, and how the delivery is acknowledged or given back. */
export class LeasedDelivery {
  readonly message: InboundMessage;
  readonly deliveryCount: number;
  private readonly givenMs: number;
  /** The broker has given the message to somebody else. */
  private isLost = false;

  constructor(
    private readonly env: LeaseEnvironment,
    private delivery: Delivery,
  ) {
    // Kept from the first: an extension returns a new delivery of the transport, which is not bounded.
    this.message = delivery.message;
    this.deliveryCount = delivery.deliveryCount;
    this.givenMs = this.remaining;
  }

  get isLast(): boolean {
    return this.delivery.isLast ?? false;
  }

  /** Whether a whole attempt and its settling still fit; if leases can be prolonged, whether there is time to do that. */
  get suffices(): boolean {
    return this.spareMs >= 0;
  }

  /** How long an attempt can be put off. */
  get spareMs(): number {
    return this.remaining - (this.isExtendable ? this.askedMs / 2 : this.needed);
  }

  /** The lease that the broker gave, if no attempt fits into it: neither now nor at the next delivery. `null` otherwise. */
  get tooShort(): ShortLease | null {
    const { timeoutMs } = this.env;
    if (this.isExtendable || this.givenMs >= this.needed) return null;
    return { leaseMs: Math.floor(this.givenMs), timeoutMs, neededMs: this.needed };
  }

  /** Limit of an attempt's wait for a copy of the message that is being handled elsewhere. Never 0: for databases that means no limit. */
  get lockWaitMs(): number {
    return this.isExtendable ? LEASE_MARGIN_MS : Math.max(1, Math.floor(this.remaining - this.needed));
  }

  /** Prolongs a lease that no longer suffices, if the broker can. `false`: no attempt may start. */
  async ensure(): Promise<boolean> {
    if (this.isLost) return false;
    if (this.suffices || !this.isExtendable) return this.suffices;
    try {
      const extended = await this.env.source.extend!(this.delivery, this.askedMs, this.env.hangUp);
      if (extended !== null) this.delivery = extended;
      return extended !== null;
    } catch {
      return false;
    }
  }

  /** Prolongs the lease again and again until the keeper is given to {@link release}; `null` if leases cannot be prolonged. */
  keep(onLost: () => void): LeaseKeeper | null {
    const { source, clock, hangUp } = this.env;
    return this.isExtendable ? new LeaseKeeper(source, clock, this.askedMs, this.delivery, onLost, hangUp) : null;
  }

  async release(keeper: LeaseKeeper | null): Promise<void> {
    if (!keeper) return;
    this.delivery = await keeper.stop();
    this.isLost = keeper.isLost;
  }

  /** Whether the lease has room for an attempt from memory after `delayMs`. */
  fitsAfter(delayMs: number): boolean {
    const inShare = delayMs + this.env.timeoutMs <= HOLDABLE_SHARE * this.givenMs;
    return inShare && delayMs + this.needed <= this.remaining;
  }

  /** Whether the broker takes a delay for the next delivery. */
  get takesDelay(): boolean {
    return this.env.capabilities.explicitRetryDelay && this.env.source.retryIn !== undefined;
  }

  /** Tells the broker when to deliver again. `false`: it did not confirm, so it delivers when the lease ends. */
  async retryIn(ms: number, untried = false): Promise<boolean> {
    if (!this.takesDelay) return false;
    try {
      return (await this.env.source.retryIn!(this.delivery, ms, this.env.hangUp, untried)) === 'done';
    } catch {
      return false;
    }
  }

  /** Acknowledges without waiting for the answer: the commit is what counts, and the slot is free for the next delivery. */
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
