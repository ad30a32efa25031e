import type { MqEvents } from '../../events/event-bus.js';
import type { CircuitState } from './circuit-state.js';
import { between, doubled } from '../../retry/backoff.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import type { SendFailure } from '../send-result.js';

/** Between two probes: a broker that is back is found within this and the time of one send. */
const PROBE_MIN_MS = 500;
const PROBE_MAX_MS = 3_000;

/**
 * Circuit breaker of one scope: the connection, or one topic.
 *
 * States:
 * - *closed*: everything goes. A failure of the scope → *open*.
 * - *open*: nothing goes until the pause is over, then one message, the probe → *half-open*.
 * - *half-open*: the probe is on the wire, and nothing else goes. It succeeds → *closed*. It fails in whatever way that is not
 *   about the message itself → *open*, with twice the pause. It said nothing → *open*, with the same pause.
 *
 * A success from elsewhere closes it as well, and a failure from elsewhere prolongs the pause without doubling it.
 */
export class Breaker {
  private state: 'closed' | 'open' | 'half-open' = 'closed';
  private openedAt = 0;
  private probeAt = 0;
  /** Probes that have failed since it opened. */
  private failedProbes = 0;
  private why: SendFailure | null = null;

  constructor(
    /** As events name it: `connection`, or `topic orders`. */
    private readonly scope: string,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly events: MqEvents,
  ) {}

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** The failure that opened it, or kept it open last; `null` while it is closed. */
  get failure(): SendFailure | null {
    return this.why;
  }

  /** What it says while it is not closed; `null` while it is. */
  get openState(): CircuitState | null {
    if (this.isClosed || this.why === null) return null;
    const { code, message } = this.why;
    const openMs = this.clock.monotonic() - this.openedAt;
    return { scope: this.scope, openMs, code, message, nextProbeInMs: Math.round(this.probeInMs) };
  }

  /** Milliseconds until a probe may go: 0 when it may go now, and never 0 while one is on the wire. */
  get probeInMs(): number {
    const least = this.state === 'half-open' ? PROBE_MIN_MS : 0;
    return Math.max(least, this.probeAt - this.clock.monotonic());
  }

  open(failure: SendFailure): void {
    const wasClosed = this.isClosed;
    if (wasClosed) this.openedAt = this.clock.monotonic();
    this.failedProbes = wasClosed ? 0 : this.failedProbes + (this.state === 'half-open' ? 1 : 0);
    this.state = 'open';
    this.why = failure;
    this.probeAt = this.clock.monotonic() + Math.max(this.pause(), failure.retryAfterMs ?? 0);
    if (wasClosed) {
      const { code, message, cause } = failure;
      this.events.emit('circuit.opened', { scope: this.scope, error: { code, message, cause } });
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.state = 'closed';
    this.why = null;
    const openMs = Math.round(this.clock.monotonic() - this.openedAt);
    this.events.emit('circuit.closed', { scope: this.scope, openMs });
  }

  /** Asks for leave to send a probe. Answers 0, or the milliseconds until it is worth asking again. */
  tryProbe(): number {
    const inMs = this.probeInMs;
    if (inMs > 0) return Math.max(PROBE_MIN_MS, inMs);
    this.state = 'half-open';
    return 0;
  }

  /** Ends a probe that said nothing about the scope. It must end all the same: while it seems to be on the wire no other may go. */
  endProbe(): void {
    if (this.state !== 'half-open') return;
    this.state = 'open';
    this.probeAt = this.clock.monotonic() + this.pause();
  }

  /** Doubles from the minimum to the maximum, minus up to a third: many processes probe the same broker. */
  private pause(): number {
    const ms = doubled(this.failedProbes + 1, PROBE_MIN_MS, PROBE_MAX_MS);
    return between(ms, ms - ms / 3, this.random);
  }
}
