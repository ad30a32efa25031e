import type { Clock } from '../../runtime/clock.js';

/** Each holds its body; a thousand of 4 MB would be the whole memory of a small process. */
const MAX_HELD = 100;

interface Held {
  readonly message: HeldMessage;
  /** On the monotonic clock. */
  readonly at: number;
  readonly cancel: () => void;
  readonly giveBack: () => void;
}

/** Which message it is. */
export interface HeldMessage {
  /** Alias. */
  readonly topic: string;
  readonly messageId: string;
}

/**
 * Failed deliveries of one group that wait in memory for their next attempt, for brokers that cannot be told when to
 * deliver again. They take no slot. A delivery that is refused here, or given back at shutdown, comes again when its
 * lease ends.
 */
export class HeldDeliveries {
  private readonly held = new Set<Held>();
  private accepting = true;

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.held.size;
  }

  /** Whether another may be held. Asked before a delivery is; several that ask in the same moment may overshoot a little. */
  get hasRoom(): boolean {
    return this.accepting && this.held.size < MAX_HELD;
  }

  /** Messages of this topic that are held, and in how long each is tried again. */
  of(topic: string): { messageId: string; againInMs: number }[] {
    const now = this.clock.monotonic();
    return [...this.held]
      .filter(({ message }) => message.topic === topic)
      .map(({ message, at }) => ({ messageId: message.messageId, againInMs: Math.max(0, at - now) }));
  }

  /** Calls `again` after `ms`, or `giveBack` when the process stops first. */
  hold(message: HeldMessage, ms: number, again: () => void, giveBack: () => void): void {
    if (!this.accepting) return giveBack();
    const entry: Held = {
      message,
      at: this.clock.monotonic() + ms,
      giveBack,
      cancel: this.clock.schedule(ms, () => {
        this.held.delete(entry);
        again();
      }),
    };
    this.held.add(entry);
  }

  /** Takes deliveries, also after {@link returnAll}. */
  accept(): void {
    this.accepting = true;
  }

  /** Gives all back to the broker, and takes none until {@link accept}. */
  returnAll(): void {
    this.accepting = false;
    for (const { cancel, giveBack } of this.held) {
      cancel();
      giveBack();
    }
    this.held.clear();
  }
}
