import { LeaseKeeper } from '../../../core/transport/lease-keeper.js';
import type { Clock } from '../../../core/runtime/clock.js';
import type { Delivery, MessageSource } from '../../../core/transport/transport.js';

/** How often is looked at what waits: leases are ten seconds at least, and most messages are gone within a turn. */
const LOOK_MS = 1_000;
/**
 * The last delivery after which a message is given back because it waited. Brokers count what comes back untried, of ordered
 * groups always, and give a message up after 17 deliveries unless they are told another number.
 */
const LAST_RETURNED = 5;
const NEVER = new AbortController().signal;

/** What can be done with a message that waits. */
export interface SurplusActions extends Required<Pick<MessageSource, 'extend'>> {
  /** Gives it back at once, untried. Never rejects. */
  giveBack(delivery: Delivery): Promise<unknown>;
}

interface Waiting {
  readonly received: Delivery;
  /** On the monotonic clock. */
  readonly until: number;
  keeper: LeaseKeeper | null;
}

/**
 * Surplus holds messages that came when no slot was free for them, in a queue for each broker.
 *
 * States of a message: *waiting* → *kept* (it has waited for a second: its lease is prolonged) → handed out, or given
 * back, when nobody took it within the time that was set, or when nobody will ask. While an extension is under way it is
 * not handed out, because the handle that counts is in the answer, which a frozen broker owes: the lines of others go on.
 *
 * What may be of one ordering key stays together. Messages of one key are handed out at once, however many were asked for:
 * whoever has the first knows whether the others may follow. A line whose first lease is lost is given back as a whole, and
 * so is one that has waited too long; unless the broker could give one of its messages up for that.
 */
export class Surplus {
  private readonly lines = new Map<string, Waiting[]>();
  private readonly returning = new Set<Promise<unknown>>();
  private looks = false;

  /** @param changed told when a message can be handed out that could not before, and when one is gone */
  constructor(
    private readonly actions: SurplusActions,
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {}

  get count(): number {
    return [...this.lines.values()].reduce((sum, line) => sum + line.length, 0);
  }

  /** Whether messages of this broker wait. */
  has(broker: string): boolean {
    return this.lines.has(broker);
  }

  /** Whether one can be handed out now. */
  get isReady(): boolean {
    return this.next() !== undefined;
  }

  add(broker: string, deliveries: readonly Delivery[], waits: { readonly leaseMs: number; readonly ms: number }): void {
    if (deliveries.length === 0) return;
    const until = this.clock.monotonic() + waits.ms;
    const line = this.lines.get(broker) ?? [];
    line.push(...deliveries.map((received) => ({ received, until, keeper: null })));
    this.lines.set(broker, line);
    this.lookLater(waits.leaseMs);
  }

  /** Up to `max`, and what must not be parted from them; of all brokers in turn. */
  take(max: number): Delivery[] {
    const taken: Delivery[] = [];
    for (let next = this.next(); next && taken.length < max; next = this.next()) {
      const [broker, line] = next;
      const first = line[0]!;
      if (current(first).leaseEndsAt <= this.clock.monotonic()) {
        this.lose(broker, first);
        continue;
      }
      const { orderingKey } = first.received.message;
      const isTaken = (one: Waiting): boolean =>
        one === first || (orderingKey !== null && one.received.message.orderingKey === orderingKey);
      for (const one of line.filter(isTaken)) {
        // Resolves at once: no extension is under way.
        void one.keeper?.stop();
        taken.push(current(one));
      }
      this.lines.delete(broker);
      this.replace(
        broker,
        line.filter((one) => !isTaken(one)),
      );
    }
    return taken;
  }

  /** Gives back what waits, but for the lines in which a message could be given up for that, unless `all` is asked for. */
  giveBack({ all }: { readonly all: boolean }): void {
    for (const [broker, line] of this.lines) {
      if (all || line.every(({ received }) => !received.isLast)) this.return(broker, line);
    }
  }

  /** Resolves when nothing is being given back any more: when the broker has heard of everything that was given back, or has not answered. */
  async whenIdle(): Promise<void> {
    while (this.returning.size > 0) await Promise.all(this.returning);
  }

  /** The first line of which nothing is being prolonged. */
  private next(): [string, Waiting[]] | undefined {
    for (const entry of this.lines) if (!entry[1].some(({ keeper }) => keeper?.isExtending)) return entry;
    return undefined;
  }

  private lookLater(leaseMs: number): void {
    if (this.looks) return;
    this.looks = true;
    this.clock.schedule(LOOK_MS, () => {
      this.looks = false;
      this.look(leaseMs);
      if (this.lines.size > 0) this.lookLater(leaseMs);
    });
  }

  private look(leaseMs: number): void {
    const now = this.clock.monotonic();
    for (const [broker, line] of this.lines) {
      const mayReturn = line.every(({ received }) => !received.isLast && received.deliveryCount <= LAST_RETURNED);
      if (mayReturn && line.some(({ until }) => until <= now)) this.return(broker, line);
      else for (const one of line) one.keeper ??= this.keep(broker, one, leaseMs);
    }
  }

  private keep(broker: string, one: Waiting, leaseMs: number): LeaseKeeper {
    const { actions, clock, changed } = this;
    return new LeaseKeeper(actions, clock, leaseMs, one.received, () => this.lose(broker, one), NEVER, changed);
  }

  /** The broker delivers it again, and must not find that those behind it were handled before. */
  private lose(broker: string, lost: Waiting): void {
    const line = this.lines.get(broker);
    const at = line?.indexOf(lost) ?? -1;
    if (!line || at < 0) return;
    const behind = line.slice(at + 1);
    void lost.keeper?.stop();
    this.replace(broker, line.slice(0, at));
    this.track(behind);
    this.changed();
  }

  private return(broker: string, line: readonly Waiting[]): void {
    this.lines.delete(broker);
    this.track(line);
    this.changed();
  }

  private track(waiting: readonly Waiting[]): void {
    for (const one of waiting) {
      const returned = this.returned(one);
      this.returning.add(returned);
      void returned.finally(() => this.returning.delete(returned));
    }
  }

  private async returned({ keeper, received }: Waiting): Promise<void> {
    const delivery = (await keeper?.stop()) ?? received;
    if (!keeper?.isLost) await this.actions.giveBack(delivery);
  }

  private replace(broker: string, line: Waiting[]): void {
    if (line.length > 0) this.lines.set(broker, line);
    else this.lines.delete(broker);
  }
}

function current({ keeper, received }: Waiting): Delivery {
  return keeper?.current ?? received;
}
