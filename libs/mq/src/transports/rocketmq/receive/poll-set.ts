import type { Clock } from '../../../core/runtime/clock.js';
import { onAbort } from '../../../core/runtime/on-abort.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import type { Delivery } from '../../../core/transport/transport.js';
import type { Queue } from '../routes/route.js';

/** How often a broker that failed is tried again while others are waited for: as often as a loop with one broker does. */
const TRY_AGAIN_MS = 2_000;
/** How long a broker that failed is left alone. Shorter, so that timers that fire early do not cost another round. */
const SPARE_MS = 1_000;
/** The shortest wait that proxies allow unless they are configured otherwise. */
const SHORT_WAIT_MS = 5_000;

/** Asks one broker for up to `max` messages. @throws {TransportError} */
export type PollBroker = (
  queue: Queue,
  ask: { max: number; waitMs: number },
  signal: AbortSignal,
) => Promise<Delivery[]>;

interface Poll {
  readonly max: number;
  readonly ended: Promise<void>;
}

interface Failure {
  readonly error: unknown;
  readonly at: number;
}

/**
 * Long polls at all brokers of a topic, seen as one.
 *
 * One broker after the other would let an idle one hold up the messages of the others for a whole wait. So each is asked
 * at once for its share of the free places, and the first that answers, also that it has nothing, ends the wait. The polls
 * at the others go on: what they bring is handed out by the next `receive`, which asks only those again that have
 * answered. Ending them instead would give back, as failed deliveries, what was on its way. Together they never ask for
 * more than there are places for; with fewer places than brokers the brokers take turns, and waits are short.
 *
 * A broker that failed keeps its share and is tried again every two seconds for as long as others are waited for. What
 * failed is told when no broker had anything.
 */
export class PollSet {
  private readonly polls = new Map<string, Poll>();
  private readonly failures = new Map<string, Failure>();
  private arrived: Delivery[] = [];
  private stopper = new AbortController();
  private answered = false;
  private turn = 0;
  private closed = false;

  constructor(
    private readonly poll: PollBroker,
    private readonly clock: Clock,
  ) {}

  /** @throws {TransportError} when a broker failed and none had a message */
  async receive(
    queues: readonly Queue[],
    { max, waitMs }: { readonly max: number; readonly waitMs: number },
    signal: AbortSignal,
  ): Promise<Delivery[]> {
    if (this.closed) throw new TransportError('aborted', 'the subscription is closed');
    this.forgetOthersThan(queues);
    if (!signal.aborted) await this.wait(queues, max, waitMs, signal);
    if (signal.aborted) await this.stop();
    if (this.closed) throw new TransportError('aborted', 'the subscription is closed');
    const deliveries = this.take(max);
    if (deliveries.length > 0) return deliveries;
    if (signal.aborted) throw new TransportError('aborted', 'the poll was given up');
    const [failure] = this.failures.values();
    if (failure) throw failure.error;
    return [];
  }

  /** Ends all polls. What arrived nevertheless is the answer, for nobody asked for it. */
  async close(): Promise<Delivery[]> {
    this.closed = true;
    await this.stop();
    return this.take(Number.POSITIVE_INFINITY);
  }

  private async wait(queues: readonly Queue[], max: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const forget = onAbort(signal, () => this.stopper.abort());
    try {
      this.answered = this.arrived.length > 0;
      do {
        this.ask(queues, max, waitMs);
        await this.somethingHappens();
      } while (!this.answered && this.polls.size > 0);
    } finally {
      forget();
    }
  }

  /** The end of a poll, or the time to try a broker again. */
  private async somethingHappens(): Promise<void> {
    if (this.answered || this.polls.size === 0) return;
    const ended = Array.from(this.polls.values(), (poll) => poll.ended);
    if (this.failures.size === 0 || this.stopper.signal.aborted) return Promise.race(ended);
    let forget: () => void = () => undefined;
    const again = new Promise<void>((resolve) => (forget = this.clock.schedule(TRY_AGAIN_MS, resolve)));
    await Promise.race([...ended, again]).finally(() => forget());
  }

  private ask(queues: readonly Queue[], max: number, waitMs: number): void {
    if (this.stopper.signal.aborted) return;
    const pending = Array.from(this.polls.values(), (poll) => poll.max).reduce((sum, each) => sum + each, 0);
    let places = max - pending - this.arrived.length;
    const idle = queues.filter(({ brokerName }) => !this.polls.has(brokerName));
    const whole = idle.filter((queue) => !this.isSpared(queue));
    // Nothing but brokers that failed: whoever asks has waited.
    const asked = whole.length === 0 && this.polls.size === 0 ? idle : whole;
    const crowded = places < idle.length;
    const wait = crowded && queues.length > 1 ? Math.min(waitMs, SHORT_WAIT_MS) : waitMs;
    if (!crowded) places -= (idle.length - asked.length) * Math.floor(places / idle.length);
    for (let left = asked.length; left > 0 && places > 0; left -= 1) {
      const queue = asked[(this.turn + left) % asked.length]!;
      const share = Math.ceil(places / left);
      places -= share;
      this.start(queue, { max: share, waitMs: wait });
    }
    this.turn += 1;
  }

  private isSpared({ brokerName }: Queue): boolean {
    const failure = this.failures.get(brokerName);
    return failure !== undefined && this.clock.monotonic() - failure.at < SPARE_MS;
  }

  private start(queue: Queue, ask: { max: number; waitMs: number }): void {
    const { signal } = this.stopper;
    const { brokerName } = queue;
    const ended = this.poll(queue, ask, signal)
      .then((deliveries) => {
        this.failures.delete(brokerName);
        this.answered = true;
        this.arrived.push(...deliveries);
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.failures.set(brokerName, { error, at: this.clock.monotonic() });
      })
      .finally(() => this.polls.delete(brokerName));
    this.polls.set(brokerName, { max: ask.max, ended });
  }

  /** Without what waited here for so long, because its group was paused, that the broker delivers it to somebody else. */
  private take(max: number): Delivery[] {
    const now = this.clock.monotonic();
    this.arrived = this.arrived.filter(({ leaseEndsAt }) => leaseEndsAt > now);
    return this.arrived.splice(0, max);
  }

  private forgetOthersThan(queues: readonly Queue[]): void {
    const names = new Set(queues.map(({ brokerName }) => brokerName));
    for (const name of this.failures.keys()) if (!names.has(name)) this.failures.delete(name);
  }

  private async stop(): Promise<void> {
    this.stopper.abort();
    await Promise.all(Array.from(this.polls.values(), ({ ended }) => ended));
    if (!this.closed) this.stopper = new AbortController();
  }
}
