import type { Deadlined } from '../runtime/deadline-heap.js';
import type { Delivered, Message } from './message.js';
import { formatReceipt } from './receipt-handle.js';

/** What one group knows about one message it has begun to work on, from the first delivery until the last. */
export class Delivery implements Deadlined {
  heapIndex = -1;
  /** Deliveries so far. */
  attempts = 0;
  /** The oldest attempt whose handle is valid: below `attempts` only after a delivery that was doubled on purpose. */
  oldestValid = 0;
  /** End of the invisibility of the last delivery. */
  until = 0;
  firstTime = 0;
  /** Made ready again on purpose while it is in flight: the next delivery leaves the handle of this one valid. */
  doubled = false;
  /** Acked or dead, but perhaps still in a queue. */
  finished = false;
  /** Ordered consumption only: acked, while others of its batch are not. */
  acked = false;

  constructor(
    readonly seq: number,
    readonly message: Message,
  ) {}

  deliver(now: number, until: number): void {
    this.attempts++;
    if (!this.doubled) this.oldestValid = this.attempts;
    this.doubled = false;
    this.until = until;
    this.acked = false;
    if (this.attempts === 1) this.firstTime = now;
  }

  /** Whether the handle of this attempt may still ack. */
  accepts(attempt: number, now: number): boolean {
    return !this.acked && !this.finished && attempt >= this.oldestValid && attempt <= this.attempts && now < this.until;
  }

  snapshot(): Delivered {
    return {
      message: this.message,
      receiptHandle: formatReceipt({ messageId: this.message.id, seq: this.seq, attempt: this.attempts }),
      firstConsumeTime: this.firstTime,
      nextConsumeTime: this.until,
      consumedTimes: this.attempts,
    };
  }
}
