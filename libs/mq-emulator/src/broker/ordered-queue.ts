import { DeadlineHeap } from '../runtime/deadline-heap.js';
import { Fifo } from '../runtime/fifo.js';
import type { Delivery } from './delivery.js';
import type { DeliveryQueue, QueueEvents, Take } from './delivery-queue.js';
import { Partition } from './partition.js';

/**
 * Messages in the order of their partitions.
 *
 * A batch may hold messages of several partitions. Until all that a batch took from a partition is acked, or its
 * invisibility ends, the group gets nothing more of that partition. Invisibility over, the partition is delivered
 * again from the first message of the batch that was not acked, those behind it included even if they were acked.
 *
 * A partition is one sharding key. The real service hashes keys to partitions, so there unrelated keys can block each
 * other; here they never do.
 *
 * The message at the head of a batch that was delivered `maxAttempts` times is dead and frees its key. Only the head:
 * those behind it may never have been tried.
 */
export class OrderedQueue implements DeliveryQueue {
  private readonly partitions = new Map<string, Partition>();
  /** Of every delivery that is part of a batch. */
  private readonly owners = new Map<Delivery, Partition>();
  private deliverable = new Fifo<Partition>();
  private readonly blocked = new DeadlineHeap<Partition>((partition) => partition.until);
  private readyCount = 0;
  private unackedCount = 0;

  constructor(
    private readonly maxAttempts: number,
    private readonly events: QueueEvents,
  ) {}

  get ready(): number {
    return this.readyCount;
  }

  get inFlight(): number {
    return this.unackedCount;
  }

  take(take: Take): Delivery[] {
    const batch: Delivery[] = [];
    const partitions = new Set<Partition>();
    while (batch.length < take.max) {
      const partition = this.deliverable.shift();
      if (partition) {
        partition.queued = false;
        this.deliverReady(partition, take, batch);
        if (partition.blocked) partitions.add(partition);
        else this.release(partition);
        continue;
      }
      const delivery = take.next();
      if (!delivery) break;
      const owner = this.partitionOf(delivery);
      if (owner.blocked && !partitions.has(owner)) {
        this.wait(owner, delivery);
      } else {
        partitions.add(owner);
        this.deliver(owner, delivery, take, batch);
      }
    }
    for (const partition of partitions) this.blocked.push(partition);
    return batch;
  }

  /** Whether the delivery is part of a batch of this queue. */
  holds(delivery: Delivery): boolean {
    return this.owners.has(delivery);
  }

  ack(delivery: Delivery): void {
    const partition = this.owners.get(delivery) as Partition;
    delivery.acked = true;
    this.unackedCount--;
    if (--partition.unacked > 0) return;
    const batch = this.takeBatch(partition);
    for (const done of batch) this.events.finished(done);
    this.blocked.remove(partition);
    this.release(partition);
  }

  expire(now: number): void {
    for (let partition = this.blocked.popDue(now); partition; partition = this.blocked.popDue(now)) {
      this.unackedCount -= partition.unacked;
      partition.unacked = 0;
      const batch = this.takeBatch(partition);
      let first = 0;
      while (batch[first].acked) this.events.finished(batch[first++]);
      if (batch[first].attempts >= this.maxAttempts) {
        this.events.dead(batch[first++]);
        while (batch[first]?.acked) this.events.finished(batch[first++]);
      }
      const again = batch.slice(first);
      for (const delivery of again) if (delivery.acked) this.events.unacked(delivery);
      this.readyCount += again.length;
      partition.retries = [...again, ...partition.retries];
      this.release(partition);
    }
  }

  nextExpiry(): number | undefined {
    return this.blocked.peek()?.until;
  }

  accept(delivery: Delivery, now: number): void {
    const partition = this.partitionOf(delivery);
    if (delivery.until > now) {
      partition.until = delivery.until;
      partition.batch.push(delivery);
      this.owners.set(delivery, partition);
      if (!delivery.acked) {
        partition.unacked++;
        this.unackedCount++;
      }
      if (partition.heapIndex < 0) this.blocked.push(partition);
    } else if (delivery.attempts > 0) {
      partition.retries.push(delivery);
      this.readyCount++;
      this.release(partition);
    } else {
      this.wait(partition, delivery);
      this.release(partition);
    }
  }

  drainReady(): Delivery[] {
    if (this.readyCount === 0) return [];
    const drained: Delivery[] = [];
    for (const partition of new Set([...this.partitions.values(), ...this.deliverable])) {
      drained.push(...partition.retries, ...partition.pending);
      partition.retries = [];
      while (partition.pending.shift());
      partition.queued = false;
      this.release(partition);
    }
    this.deliverable = new Fifo();
    this.readyCount = 0;
    return drained.sort((a, b) => a.seq - b.seq);
  }

  private deliverReady(partition: Partition, take: Take, batch: Delivery[]): void {
    while (batch.length < take.max) {
      const delivery = partition.retries.shift() ?? partition.pending.shift();
      if (!delivery) return;
      this.readyCount--;
      if (take.wants(delivery)) this.deliver(partition, delivery, take, batch);
      else this.events.unwanted(delivery);
    }
  }

  private deliver(partition: Partition, delivery: Delivery, take: Take, batch: Delivery[]): void {
    delivery.deliver(take.now, take.until);
    this.owners.set(delivery, partition);
    partition.until = take.until;
    partition.batch.push(delivery);
    partition.unacked++;
    this.unackedCount++;
    batch.push(delivery);
  }

  private takeBatch(partition: Partition): Delivery[] {
    const batch = partition.batch;
    partition.batch = [];
    for (const delivery of batch) this.owners.delete(delivery);
    return batch;
  }

  private wait(partition: Partition, delivery: Delivery): void {
    partition.pending.push(delivery);
    this.readyCount++;
  }

  /** Puts a partition that is not blocked where it belongs: in the line of those with work, or out of memory. */
  private release(partition: Partition): void {
    if (partition.blocked || partition.queued) return;
    if (partition.ready > 0) {
      partition.queued = true;
      this.deliverable.push(partition);
    } else if (partition.key !== undefined) {
      this.partitions.delete(partition.key);
    }
  }

  private partitionOf({ message }: Delivery): Partition {
    const key = message.shardingKey;
    const known = key === undefined ? undefined : this.partitions.get(key);
    if (known) return known;
    const partition = new Partition(key);
    if (key !== undefined) this.partitions.set(key, partition);
    return partition;
  }
}
