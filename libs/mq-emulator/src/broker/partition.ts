import type { Deadlined } from '../runtime/deadline-heap.js';
import { Fifo } from '../runtime/fifo.js';
import type { Delivery } from './delivery.js';

/**
 * The messages of one sharding key, for one group.
 *
 * They pass from `pending` (never delivered) into `batch` (delivered, not all acked yet), and what has to be delivered
 * again waits in `retries`, before `pending`. While there is a batch, nothing else is delivered: that is the blocking.
 */
export class Partition implements Deadlined {
  heapIndex = -1;
  retries: Delivery[] = [];
  readonly pending = new Fifo<Delivery>();
  batch: Delivery[] = [];
  /** How many of the batch are not acked. */
  unacked = 0;
  /** When the batch becomes visible again; the same for all of it. */
  until = 0;
  /** Whether it stands in the queue of partitions that have something to deliver. */
  queued = false;

  /** @param key the sharding key; messages without one are not ordered: each is a partition of its own */
  constructor(readonly key: string | undefined) {}

  get blocked(): boolean {
    return this.batch.length > 0;
  }

  get ready(): number {
    return this.retries.length + this.pending.size;
  }
}
