import { DeadlineHeap, type Deadlined } from '../runtime/deadline-heap.js';
import type { Clock } from '../runtime/clock.js';
import type { Message } from './message.js';
import { MAX_TIMER_MS } from './poll-queue.js';

// How long to wait before another attempt, when the journal could not be written as a message fell due.
const RETRY_MS = 1_000;

interface Scheduled extends Deadlined {
  message: Message;
  due: number;
}

/** The messages of a topic whose time has not come. One timer, for the earliest. */
export class ScheduledMessages {
  private readonly heap = new DeadlineHeap<Scheduled>((item) => item.due);
  private timer: unknown;
  private closed = false;

  /** @param release makes a message visible; rejects when it could not be written down */
  constructor(
    private readonly clock: Clock,
    private readonly release: (message: Message) => Promise<void>,
  ) {}

  get size(): number {
    return this.heap.size;
  }

  *values(): Iterable<Message> {
    for (const { message } of this.heap.values()) yield message;
  }

  add(message: Message, due = message.deliverAt ?? 0): void {
    this.heap.push({ message, due, heapIndex: -1 });
    this.arm();
  }

  /** Releases what is due now. */
  releaseDue(): void {
    const now = this.clock.now();
    for (let item = this.heap.popDue(now); item; item = this.heap.popDue(now)) {
      const { message } = item;
      this.release(message).catch(() => this.add(message, this.clock.now() + RETRY_MS));
    }
    this.arm();
  }

  close(): void {
    this.closed = true;
    this.disarm();
  }

  private arm(): void {
    this.disarm();
    const first = this.heap.peek();
    if (!first || this.closed) return;
    const delay = Math.min(Math.max(first.due - this.clock.now(), 0), MAX_TIMER_MS);
    this.timer = this.clock.setTimeout(() => this.releaseDue(), delay);
  }

  private disarm(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }
}
