import type { Clock } from '../../../core/runtime/clock.js';
import { onAbort } from '../../../core/runtime/on-abort.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import type { SendReceipt } from '../../../core/transport/transport.js';
import type { ListLimits } from '../profile.js';
import { sendTo, type Outgoing } from './outgoing.js';

/** Calls under way at once, beyond which messages wait for each other. */
const CALLS = 4;
/** And how long at most: a call may be one of several brokers behind a proxy that does not answer, and others do. */
const PATIENCE_MS = 50;

/** A message, and who waits to hear what became of it. */
export interface Member {
  readonly outgoing: Outgoing;
  /** Of its body. */
  readonly bytes: number;
  /** On the monotonic clock. */
  readonly since: number;
  readonly resolve: (receipt: SendReceipt) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to its signal. */
  forget: () => void;
}

export interface GathererOptions {
  readonly limits: ListLimits;
  readonly clock: Clock;
  /** Sends a list and tells each of its members. Never rejects. */
  send(list: readonly Member[]): Promise<void>;
}

/**
 * Makes lists of what is sent to one topic at one broker, without making anybody wait for company.
 *
 * States: *idle* → a message → *turn*: what else is sent in the same turn of the event loop joins it, and at its end, before
 * anything else is done, all of it leaves, in lists as large as they may be → up to four calls are *under way*, each of
 * which a turn that ends may add → with four, what comes *waits*, and leaves together when one of them ends, or after 50 ms. A
 * call that ends ends a turn as well: those whose messages were in it come back with the next ones, and these make the next list.
 *
 * So a message that nobody accompanies leaves at once, and of 64 senders that are always busy 32 are in each list. Waiting
 * for a time instead would be latency without load and, under load, no larger lists.
 *
 * All of a list have one signal, which is also that of the call: whoever gives up gives up all of it, and nobody else's.
 * The relay has one for everything that it sends. One that aborts before its list has left was not sent; after that nobody knows.
 */
export class Gatherer {
  private waiting: Member[] = [];
  private underWay = 0;
  private turnEnds = false;
  private patience: (() => void) | null = null;

  constructor(private readonly options: GathererOptions) {}

  /** @throws {TransportError} */
  add(outgoing: Outgoing, bytes: number): Promise<SendReceipt> {
    return new Promise<SendReceipt>((resolve, reject) => {
      const since = this.options.clock.monotonic();
      const member: Member = { outgoing, bytes, since, resolve, reject, forget: () => undefined };
      member.forget = onAbort(outgoing.signal, () => this.leave(member));
      this.waiting.push(member);
      this.endTurn();
    });
  }

  private endTurn(): void {
    if (this.turnEnds) return;
    this.turnEnds = true;
    // After every promise that is settled by now, and before the event loop looks for anything else.
    process.nextTick(() => {
      this.turnEnds = false;
      while (this.waiting.length > 0 && this.underWay < CALLS) this.begin();
      this.bePatient();
    });
  }

  private bePatient(): void {
    const [oldest] = this.waiting;
    if (!oldest || this.patience) return;
    const { clock } = this.options;
    this.patience = clock.schedule(Math.max(1, oldest.since + PATIENCE_MS - clock.monotonic()), () => {
      this.patience = null;
      const now = clock.monotonic();
      while (this.waiting.length > 0 && now - this.waiting[0]!.since >= PATIENCE_MS) this.begin();
      this.bePatient();
    });
  }

  private begin(): void {
    this.underWay += 1;
    void this.options.send(this.take()).then(() => {
      this.underWay -= 1;
      this.endTurn();
    });
  }

  /** The oldest, which is never passed over, and as many of the others as may share its list. */
  private take(): Member[] {
    const { messages, bytes: maxBytes } = this.options.limits;
    const [first] = this.waiting;
    const { signal } = first!.outgoing;
    const rest: Member[] = [];
    const list: Member[] = [];
    let bytes = 0;
    for (const member of this.waiting) {
      const hasRoom = list.length < messages && bytes + member.bytes <= maxBytes;
      if (member === first || (hasRoom && member.outgoing.signal === signal)) {
        bytes += member.bytes;
        list.push(member);
        member.forget();
      } else rest.push(member);
    }
    this.waiting = rest;
    return list;
  }

  private leave(member: Member): void {
    this.waiting.splice(this.waiting.indexOf(member), 1);
    member.forget();
    member.reject(gaveUp(member.outgoing));
  }
}

function gaveUp({ message }: Outgoing): TransportError {
  return new TransportError('aborted', `${sendTo(message.topic)}: the caller gave up`);
}
