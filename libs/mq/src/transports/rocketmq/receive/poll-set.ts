import { onAbort } from '../../../core/runtime/on-abort.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import type { Delivery } from '../../../core/transport/transport.js';
import type { Queue } from '../routes/route.js';

/** Asks one broker for up to `max` messages. @throws {TransportError} */
export type PollBroker = (queue: Queue, max: number, signal: AbortSignal) => Promise<Delivery[]>;

interface Poll {
  readonly max: number;
  readonly ended: Promise<void>;
}

/**
 * Long polls at all brokers of a topic, seen as one.
 *
 * One broker after the other would let an idle one hold up the messages of the others for a whole wait. So each is asked
 * at once for its share of the free places, and the first that answers ends the wait. The polls at the others go on: what
 * they bring is handed out by the next `receive`, which asks only those again that have answered. Ending them instead
 * would give back, as failed deliveries, what was on its way. Together they never ask for more than there are places for.
 */
export class PollSet {
  private readonly polls = new Map<string, Poll>();
  private arrived: Delivery[] = [];
  private failure: unknown = null;
  private stopper = new AbortController();
  private turn = 0;

  constructor(private readonly poll: PollBroker) {}

  /** @throws {TransportError} when a broker failed and none had a message */
  async receive(queues: readonly Queue[], max: number, signal: AbortSignal): Promise<Delivery[]> {
    const forget = signal.aborted ? () => undefined : onAbort(signal, () => this.stopper.abort());
    try {
      this.ask(queues, max);
      while (this.arrived.length === 0 && this.polls.size > 0) {
        await Promise.race(Array.from(this.polls.values(), ({ ended }) => ended));
      }
      if (signal.aborted) await this.stop();
    } finally {
      forget();
    }
    const deliveries = this.arrived.splice(0, max);
    if (deliveries.length > 0) return deliveries;
    if (signal.aborted) throw new TransportError('aborted', 'the poll was given up');
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
    return [];
  }

  /** Ends all polls. What arrived nevertheless is the answer, for nobody asked for it. */
  async close(): Promise<Delivery[]> {
    await this.stop();
    return this.arrived.splice(0);
  }

  private ask(queues: readonly Queue[], max: number): void {
    const pending = Array.from(this.polls.values(), (poll) => poll.max).reduce((sum, each) => sum + each, 0);
    let places = max - pending - this.arrived.length;
    const idle = queues.filter(({ brokerName }) => !this.polls.has(brokerName));
    for (let left = idle.length; left > 0 && places > 0; left -= 1) {
      const queue = idle[(this.turn + left) % idle.length]!;
      const share = Math.ceil(places / left);
      places -= share;
      this.start(queue, share);
    }
    this.turn += 1;
  }

  private start(queue: Queue, max: number): void {
    const { signal } = this.stopper;
    const ended = this.poll(queue, max, signal)
      .then((deliveries) => void this.arrived.push(...deliveries))
      .catch((error: unknown) => {
        if (!signal.aborted) this.failure = error;
      })
      .finally(() => this.polls.delete(queue.brokerName));
    this.polls.set(queue.brokerName, { max, ended });
  }

  private async stop(): Promise<void> {
    this.stopper.abort();
    await Promise.all(Array.from(this.polls.values(), ({ ended }) => ended));
    this.stopper = new AbortController();
  }
}
