import type { JournalRecord, OpenDelivery } from '../journal/journal-record.js';
import type { BrokerOptions } from './broker-options.js';
import { Delivery } from './delivery.js';
import type { DeliveryQueue, QueueEvents } from './delivery-queue.js';
import type { Delivered } from './message.js';
import { OrderedQueue } from './ordered-queue.js';
import { PollQueue } from './poll-queue.js';
import { parseReceipt } from './receipt-handle.js';
import type { TagFilter } from './tag-filter.js';
import type { TopicLog } from './topic-log.js';
import { UnorderedQueue } from './unordered-queue.js';

export interface ConsumeRequest {
  max: number;
  filter: TagFilter;
  ordered: boolean;
}

export interface GroupState {
  ready: number;
  inFlight: number;
  acked: number;
  dead: number;
}

/** What one consume request got: as it is to be answered, and the deliveries behind it. */
export interface Batch {
  delivered: Delivered[];
  deliveries: Delivery[];
}

/** Names as the journal writes them. */
export interface SubscriptionName {
  instance: string;
  topic: string;
  group: string;
}

/**
 * One group on one topic, independent of every other group.
 *
 * Below `cursor` a message is finished for the group (acked, dead, or not wanted by its tag) unless it is `open`; from
 * `cursor` on it is unread. A group may change between ordered and unordered consumption: what is ready moves over, and
 * what is in flight moves when its invisibility ends.
 */
export class Subscription {
  readonly polls: PollQueue<ConsumeRequest, Batch>;
  private readonly open = new Map<number, Delivery>();
  private readonly unordered: UnorderedQueue;
  private readonly ordered: OrderedQueue;
  private expression: string | undefined;
  private warned = false;

  constructor(
    readonly name: SubscriptionName,
    private readonly topicLog: TopicLog,
    private readonly options: BrokerOptions,
    private cursor: number,
    private acked = 0,
    private dead = 0,
  ) {
    const events: QueueEvents = {
      finished: (delivery) => this.forget(delivery),
      unwanted: (delivery) => this.skip(delivery),
      dead: (delivery) => this.bury(delivery),
      unacked: () => this.acked--,
    };
    this.unordered = new UnorderedQueue(options.maxAttempts, events);
    this.ordered = new OrderedQueue(options.maxAttempts, events);
    this.polls = new PollQueue(
      options.clock,
      (request) => this.take(request),
      () => this.nextExpiry(),
      (one, other) => one.ordered === other.ordered && one.filter.expression === other.filter.expression,
    );
  }

  /** Everything before it is read, so that the log may forget it. */
  get position(): number {
    return this.cursor;
  }

  state(): GroupState {
    this.expire(this.options.clock.now());
    return {
      ready: this.topicLog.end - this.cursor + this.unordered.ready + this.ordered.ready,
      inFlight: this.unordered.inFlight + this.ordered.inFlight,
      acked: this.acked,
      dead: this.dead,
    };
  }

  /** Moves over messages that the log has dropped because of their age. */
  skipDropped(): void {
    this.cursor = Math.max(this.cursor, this.topicLog.base);
  }

  /** Settles the delivery behind a handle; `false` when the handle is unknown, used or too late. */
  ack(handle: string): boolean {
    const receipt = parseReceipt(handle);
    const delivery = receipt && this.open.get(receipt.seq);
    if (!delivery || delivery.message.id !== receipt.messageId) return false;
    if (!delivery.accepts(receipt.attempt, this.options.clock.now())) return false;
    this.acked++;
    this.options.journal.note({ type: 'ack', ...this.name, seqs: [receipt.seq] });
    if (this.ordered.holds(delivery)) {
      this.ordered.ack(delivery);
      this.polls.wake();
    } else {
      this.unordered.ack(delivery);
    }
    return true;
  }

  /** Makes what was just delivered ready for the next consumer as well. Ordered deliveries stay as they are. */
  double(batch: readonly Delivery[]): void {
    this.unordered.double(batch.filter((delivery) => !this.ordered.holds(delivery)));
    this.polls.wake();
  }

  snapshot(): JournalRecord {
    const open: OpenDelivery[] = [...this.open.values()].map((delivery) => ({
      seq: delivery.seq,
      attempts: delivery.attempts,
      until: delivery.until,
      firstTime: delivery.firstTime,
      acked: delivery.acked || undefined,
      message: delivery.seq < this.topicLog.base ? delivery.message : undefined,
    }));
    const ordered = this.ordered.ready + this.ordered.inFlight > 0;
    return { type: 'group', ...this.name, cursor: this.cursor, acked: this.acked, dead: this.dead, ordered, open };
  }

  /** Takes over what the journal says is open, in ascending order of `seq`. */
  restore(deliveries: Iterable<Delivery>, ordered: boolean): void {
    const now = this.options.clock.now();
    const queue: DeliveryQueue = ordered ? this.ordered : this.unordered;
    for (const delivery of deliveries) {
      this.open.set(delivery.seq, delivery);
      queue.accept(delivery, now);
    }
  }

  private take({ max, filter, ordered }: ConsumeRequest): Batch | undefined {
    this.compareExpression(filter);
    const now = this.options.clock.now();
    this.expire(now);
    const queue: DeliveryQueue = ordered ? this.ordered : this.unordered;
    const other: DeliveryQueue = ordered ? this.unordered : this.ordered;
    for (const delivery of other.drainReady()) queue.accept(delivery, now);

    const start = this.cursor;
    const read: Delivery[] = [];
    const until = now + (ordered ? this.options.invisibleOrdered : this.options.invisible);
    const deliveries = queue.take({
      max,
      now,
      until,
      next: () => {
        const delivery = this.readNext(filter);
        if (delivery) read.push(delivery);
        return delivery;
      },
      wants: (delivery) => filter.matches(delivery.message.tag),
    });
    if (deliveries.length === 0 && this.cursor === start) return undefined;
    const waiting = read.filter((delivery) => delivery.attempts === 0).map((delivery) => delivery.seq);
    const seqs = deliveries.map((delivery) => delivery.seq);
    this.options.journal.note({
      type: 'deliver',
      ...this.name,
      cursor: this.cursor,
      ordered,
      now,
      until,
      seqs,
      waiting,
    });
    // Now, and not when somebody comes to write the answer: the deliveries change.
    return deliveries.length > 0
      ? { deliveries, delivered: deliveries.map((delivery) => delivery.snapshot()) }
      : undefined;
  }

  private readNext(filter: TagFilter): Delivery | undefined {
    while (this.cursor < this.topicLog.end) {
      const seq = this.cursor++;
      const message = this.topicLog.get(seq);
      if (!filter.matches(message.tag)) continue;
      const delivery = new Delivery(seq, message);
      this.open.set(seq, delivery);
      return delivery;
    }
    return undefined;
  }

  private expire(now: number): void {
    this.unordered.expire(now);
    this.ordered.expire(now);
  }

  private nextExpiry(): number | undefined {
    const unordered = this.unordered.nextExpiry();
    const ordered = this.ordered.nextExpiry();
    return unordered === undefined || ordered === undefined ? (unordered ?? ordered) : Math.min(unordered, ordered);
  }

  private forget(delivery: Delivery): void {
    delivery.finished = true;
    this.open.delete(delivery.seq);
  }

  private skip(delivery: Delivery): void {
    this.forget(delivery);
    this.options.journal.note({ type: 'skip', ...this.name, seqs: [delivery.seq] });
  }

  private bury(delivery: Delivery): void {
    this.forget(delivery);
    this.dead++;
    this.options.journal.note({ type: 'dead', ...this.name, seqs: [delivery.seq] });
    const { instance, topic, group } = this.name;
    this.options.log(
      `message ${delivery.message.id} of ${topic}${instance && ` (${instance})`} is a dead letter of ${group} ` +
        `after ${delivery.attempts} deliveries`,
    );
  }

  private compareExpression({ expression }: TagFilter): void {
    if (this.expression === undefined) this.expression = expression;
    if (this.expression === expression || this.warned) return;
    this.warned = true;
    this.options.log(
      `group ${this.name.group} read ${this.name.topic} with tags "${this.expression}" and now with "${expression}": ` +
        'what one of them does not want is lost for the other. Give all consumers of a group the same tags.',
    );
  }
}
