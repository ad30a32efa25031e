import { DeadlineHeap, type Deadlined } from '../runtime/deadline-heap.js';
import type { BrokerOptions } from './broker-options.js';
import type { Delivered, Message } from './message.js';
import { PollQueue } from './poll-queue.js';
import { formatReceipt, parseReceipt } from './receipt-handle.js';

/** How long the handle of a check is valid, and so how long until the message is offered again. */
export const CHECK_MS = 10_000;
/** How long the service asks before it drops an undecided message. */
export const UNDECIDED_MS = 86_400_000;

const OUTSIDE_LOG = -1;

interface HalfMessage extends Deadlined {
  message: Message;
  attempts: number;
  firstTime: number;
  /** End of the latest handle, when the message is offered for a check (again). */
  until: number;
}

/**
 * The half messages of a topic: stored, invisible, waiting for commit or rollback.
 *
 * The handle that publishing returned decides until the first check is due. From then on the message is offered to
 * whoever asks (publishing names no group, so any group may check), each time with a fresh handle that is valid for ten
 * seconds, for one day; then it is dropped.
 */
export class HalfMessages {
  readonly polls: PollQueue<number, Delivered[]>;
  private readonly messages = new Map<string, HalfMessage>();
  private readonly checks = new DeadlineHeap<HalfMessage>((half) => half.until);

  constructor(
    private readonly options: BrokerOptions,
    private readonly dropped: (message: Message) => void,
  ) {
    this.polls = new PollQueue(
      options.clock,
      (max) => this.take(max),
      () => this.checks.peek()?.until,
      () => true,
    );
  }

  get size(): number {
    return this.messages.size;
  }

  *values(): Iterable<Message> {
    for (const { message } of this.messages.values()) yield message;
  }

  /** Takes in a half message and returns the handle that decides it. */
  add(message: Message): string {
    const until = message.publishTime + (message.checkAfter ?? 0);
    const half = { message, attempts: 0, firstTime: 0, until, heapIndex: -1 };
    this.messages.set(message.id, half);
    this.checks.push(half);
    return handleOf(half);
  }

  /** Takes out the message that a handle decides; `undefined` when the handle is unknown, used or too late. */
  decide(handle: string): Message | undefined {
    const receipt = parseReceipt(handle);
    const half = receipt && this.messages.get(receipt.messageId);
    if (!half || receipt.seq !== OUTSIDE_LOG || receipt.attempt !== half.attempts) return undefined;
    if (this.options.clock.now() >= half.until) return undefined;
    this.remove(half);
    return half.message;
  }

  private take(max: number): Delivered[] | undefined {
    const now = this.options.clock.now();
    const batch: HalfMessage[] = [];
    while (batch.length < max) {
      const half = this.checks.popDue(now);
      if (!half) break;
      if (now >= half.message.publishTime + UNDECIDED_MS) {
        this.remove(half);
        this.dropped(half.message);
        continue;
      }
      half.attempts++;
      half.firstTime ||= now;
      half.until = now + CHECK_MS;
      batch.push(half);
    }
    for (const half of batch) this.checks.push(half);
    return batch.length === 0 ? undefined : batch.map(toDelivered);
  }

  private remove(half: HalfMessage): void {
    this.messages.delete(half.message.id);
    this.checks.remove(half);
  }
}

function toDelivered(half: HalfMessage): Delivered {
  return {
    message: half.message,
    receiptHandle: handleOf(half),
    firstConsumeTime: half.firstTime,
    nextConsumeTime: half.until,
    consumedTimes: half.attempts,
  };
}

function handleOf({ message, attempts }: HalfMessage): string {
  return formatReceipt({ messageId: message.id, seq: OUTSIDE_LOG, attempt: attempts });
}
