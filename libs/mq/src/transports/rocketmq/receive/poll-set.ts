import type { Clock } from '../../../core/runtime/clock.js';
import { onAbort } from '../../../core/runtime/on-abort.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import type { Delivery, ReceiveRequest } from '../../../core/transport/transport.js';
import type { Queue } from '../routes/route.js';
import { Surplus, type SurplusActions } from './surplus.js';

/** How often a broker that failed is tried again while others are waited for: as often as a loop with one broker does. */
const TRY_AGAIN_MS = 2_000;
/** How long a broker that failed is left alone. Shorter, so that timers that fire early do not cost another round. */
const SPARE_MS = 1_000;
/** A poll without an answer for this long has found nothing: a broker that has messages answers within a few milliseconds. */
const FOUND_NOTHING_MS = 100;
/** How often the failure of one broker is told while others work: whoever hears of it pauses, and they have to wait. */
const TELL_AGAIN_MS = 60_000;

/** Asks one broker for up to `max` messages. @throws {TransportError} */
export type PollBroker = (queue: Queue, ask: ReceiveRequest, signal: AbortSignal) => Promise<Delivery[]>;

interface Poll {
  readonly max: number;
  readonly since: number;
  readonly ended: Promise<void>;
}

interface Failure {
  readonly error: unknown;
  readonly at: number;
  /** When it was told last. */
  readonly toldAt: number | null;
}

/**
 * PollSet polls all brokers of a topic at once, and answers like one long poll.
 *
 * One broker after the other would let an idle one hold up the messages of the others for a whole wait. So while somebody
 * waits, every broker has a poll, and the first that answers, also that it has nothing, ends the wait. The polls at the
 * others go on: what they bring is handed out by the next `receive`, which asks only those again that have answered. So they
 * do when the caller gives up: he is told at once, and {@link rest} or {@link close} give back what comes until they are over.
 * Cancelling a poll would lose what is on its way.
 *
 * States of a broker: *unasked* → *asked* (its share of the free slots counts as taken) → after 100 ms *waiting* (it has
 * nothing, or is frozen, and takes no slot from anybody) → *unasked*, with messages or without → *failed* → asked again
 * every two seconds while others are waited for. One whose messages wait in memory is not asked before they are handed out.
 *
 * So a busy broker may always fill all free slots, and two busy ones share them. The price are messages beyond those
 * slots, at most those of one poll of each broker, which wait in memory: see {@link Surplus}. Held back by reserving slots
 * for an idle broker, of 40 messages at the other one 10 were handled within 77 s.
 *
 * A failure is told when no broker had anything, and once a minute when the others work but have nothing.
 */
export class PollSet {
  private readonly polls = new Map<string, Poll>();
  private readonly failures = new Map<string, Failure>();
  private readonly surplus: Surplus;
  private stopper = new AbortController();
  private answered = false;
  private closed = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly poll: PollBroker,
    actions: SurplusActions,
    private readonly clock: Clock,
  ) {
    this.surplus = new Surplus(actions, clock, () => this.wake());
  }

  /** @throws {TransportError} when a broker failed and none had a message */
  async receive(queues: readonly Queue[], request: ReceiveRequest, signal: AbortSignal): Promise<Delivery[]> {
    this.requireOpen();
    this.forgetOthersThan(queues);
    if (!signal.aborted) await this.wait(queues, request, signal);
    this.requireOpen();
    const deliveries = this.surplus.take(request.max);
    if (deliveries.length > 0) return deliveries;
    if (signal.aborted) throw new TransportError('aborted', 'the poll was given up');
    this.tellFailure();
    return [];
  }

  /** Waits for the end of all polls and gives back what waits in memory. */
  async rest(): Promise<void> {
    await this.stop();
    this.surplus.giveBack({ all: false });
  }

  /** {@link rest} for ever; resolves when brokers have heard of it. */
  async close(): Promise<void> {
    this.closed = true;
    await this.stop();
    this.surplus.giveBack({ all: true });
    await this.surplus.whenIdle();
  }

  private async wait(queues: readonly Queue[], request: ReceiveRequest, signal: AbortSignal): Promise<void> {
    const forget = onAbort(signal, () => this.wake());
    const isOver = (): boolean => {
      const nothing = this.polls.size === 0 && this.surplus.count === 0;
      return signal.aborted || this.answered || nothing || this.surplus.isReady;
    };
    try {
      this.answered = false;
      do {
        this.ask(queues, request);
        if (!isOver()) await this.somethingHappens();
      } while (!isOver());
    } finally {
      forget();
    }
  }

  /** The end of a poll, a change of what waits in memory, or the time to try a broker again. */
  private async somethingHappens(): Promise<void> {
    let forget: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      if (this.failures.size > 0) forget = this.clock.schedule(TRY_AGAIN_MS, resolve);
    });
    forget();
  }

  private ask(queues: readonly Queue[], request: ReceiveRequest): void {
    if (this.stopper.signal.aborted) return;
    let slots = request.max - this.surplus.count - this.expected();
    // Nobody is going to wait, and more would only have to.
    if (slots <= 0 && this.surplus.isReady) return;
    const idle = queues.filter(({ brokerName }) => !this.polls.has(brokerName) && !this.surplus.has(brokerName));
    const whole = idle.filter((queue) => !this.isSpared(queue));
    // Nothing but brokers that failed: whoever asks has waited.
    const asked = whole.length === 0 && this.polls.size === 0 ? idle : whole;
    asked.forEach((queue, index) => {
      const max = Math.max(1, Math.ceil(slots / (asked.length - index)));
      slots -= max;
      this.start(queue, { ...request, max }, queues.length);
    });
  }

  /** What polls may still bring that were begun a moment ago. */
  private expected(): number {
    const now = this.clock.monotonic();
    const fresh = [...this.polls.values()].filter(({ since }) => now - since < FOUND_NOTHING_MS);
    return fresh.reduce((sum, { max }) => sum + max, 0);
  }

  private isSpared({ brokerName }: Queue): boolean {
    const failure = this.failures.get(brokerName);
    return failure !== undefined && this.clock.monotonic() - failure.at < SPARE_MS;
  }

  private start(queue: Queue, ask: ReceiveRequest, brokers: number): void {
    const { signal } = this.stopper;
    const { brokerName } = queue;
    const { max, leaseMs } = ask;
    const ended = this.poll(queue, ask, signal)
      .then((deliveries) => {
        this.failures.delete(brokerName);
        this.answered = true;
        // One slot and a handler that takes all of its time for each broker: then it is the turn of every message.
        this.surplus.add(brokerName, deliveries, { leaseMs, ms: brokers * leaseMs });
      })
      .catch((error: unknown) => {
        const toldAt = this.failures.get(brokerName)?.toldAt ?? null;
        if (!signal.aborted) this.failures.set(brokerName, { error, at: this.clock.monotonic(), toldAt });
      })
      .finally(() => {
        this.polls.delete(brokerName);
        this.wake();
      });
    this.polls.set(brokerName, { max, since: this.clock.monotonic(), ended });
  }

  private tellFailure(): void {
    const now = this.clock.monotonic();
    for (const [broker, failure] of this.failures) {
      const { toldAt, error } = failure;
      if (this.answered && toldAt !== null && now - toldAt < TELL_AGAIN_MS) continue;
      this.failures.set(broker, { ...failure, toldAt: now });
      throw error;
    }
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

  private requireOpen(): void {
    if (this.closed) throw new TransportError('aborted', 'the subscription is closed');
  }
}
