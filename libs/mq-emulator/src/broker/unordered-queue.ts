import { DeadlineHeap } from '../runtime/deadline-heap.js';
import { Fifo } from '../runtime/fifo.js';
import type { Delivery } from './delivery.js';
import type { DeliveryQueue, QueueEvents, Take } from './delivery-queue.js';

/**
 * Messages in any order. A message is ready, in flight until its invisibility ends, and then ready again, until it is
 * acked or has been delivered `maxAttempts` times.
 */
export class UnorderedQueue implements DeliveryQueue {
  private retries = new Fifo<Delivery>();
  private readonly invisible = new DeadlineHeap<Delivery>((delivery) => delivery.until);

  constructor(
    private readonly maxAttempts: number,
    private readonly events: Pick<QueueEvents, 'finished' | 'unwanted' | 'dead'>,
  ) {}

  get ready(): number {
    return this.retries.size;
  }

  get inFlight(): number {
    return this.invisible.size;
  }

  take({ max, now, until, next, wants }: Take): Delivery[] {
    const batch: Delivery[] = [];
    while (batch.length < max) {
      const waiting = this.retries.shift();
      if (waiting?.finished) continue;
      if (waiting && !wants(waiting)) {
        this.events.unwanted(waiting);
        continue;
      }
      const delivery = waiting ?? next();
      if (!delivery) break;
      delivery.deliver(now, until);
      this.invisible.push(delivery);
      batch.push(delivery);
    }
    return batch;
  }

  ack(delivery: Delivery): void {
    this.invisible.remove(delivery);
    this.events.finished(delivery);
  }

  /** Makes messages that were just delivered ready for the next consumer too; the handles of both stay valid. */
  double(batch: readonly Delivery[]): void {
    for (const delivery of batch) {
      delivery.doubled = true;
      this.invisible.remove(delivery);
      this.retries.push(delivery);
    }
  }

  expire(now: number): void {
    for (let delivery = this.invisible.popDue(now); delivery; delivery = this.invisible.popDue(now)) {
      if (delivery.attempts >= this.maxAttempts) this.events.dead(delivery);
      else this.retries.push(delivery);
    }
  }

  nextExpiry(): number | undefined {
    return this.invisible.peek()?.until;
  }

  accept(delivery: Delivery, now: number): void {
    if (delivery.until > now) this.invisible.push(delivery);
    else this.retries.push(delivery);
  }

  drainReady(): Delivery[] {
    if (this.retries.size === 0) return [];
    const ready = [...this.retries].filter((delivery) => !delivery.finished);
    this.retries = new Fifo();
    return ready;
  }
}
