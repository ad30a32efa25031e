import type { Clock } from '../../core/runtime/clock.js';
import { onAbort } from '../../core/runtime/on-abort.js';
import type { InboundMessage, OutboundMessage } from '../../core/transport/transport.js';

/** A message that the broker has taken. */
export interface StoredMessage extends OutboundMessage {
  readonly brokerMessageId: string;
  readonly publishedAt: number;
  /** What it was before the broker gave it up; on dead letters only. */
  readonly deadLetterOf?: InboundMessage['deadLetterOf'];
}

/** One message of one consumer group. */
export interface GroupEntry {
  readonly message: StoredMessage;
  state: 'ready' | 'leased' | 'acked' | 'dead';
  deliveries: number;
  /** Monotonic: end of the lease while leased, else when it may be delivered (again). */
  at: number;
  /** Changes with every delivery, so that an old handle settles nothing. */
  token: number;
}

export interface TakeRequest {
  readonly max: number;
  readonly leaseMs: number;
  readonly tags: readonly string[] | null;
  readonly ordered: boolean;
}

/**
 * What one consumer group still has to do with one topic.
 *
 * An entry is *ready*, becomes *leased* when it is delivered, and ends by being acknowledged (it leaves the list) or
 * *dead* (too many deliveries). A lease that ends makes it *ready* again. *acked* exists on ordered topics
 * only: acknowledged while an older message of its key is not. It leaves the list when that older one is done, and is
 * delivered again when that older one is, because such a broker redelivers a key from its first unacknowledged message.
 *
 * Nothing of a key is delivered while anything of it is leased or waits for its time, and a key comes in order.
 */
export class MemoryGroup {
  readonly dead: GroupEntry[] = [];
  private entries: GroupEntry[] = [];
  private readonly waiting = new Set<() => void>();
  private tokens = 0;

  constructor(
    private readonly clock: Clock,
    private readonly maxDeliveries: number,
    private readonly onDead: (message: StoredMessage) => void = () => {},
  ) {}

  get pending(): readonly GroupEntry[] {
    this.expire();
    return this.entries;
  }

  add(message: StoredMessage): void {
    const delay = message.deliverAt === null ? 0 : Math.max(0, message.deliverAt - this.clock.now());
    const at = this.clock.monotonic() + delay;
    this.entries.push({ message, state: 'ready', deliveries: 0, at, token: 0 });
    this.wake();
  }

  /** Leases what can be delivered now. Messages whose tag nobody asked for count as consumed, as on the real broker. */
  take(request: TakeRequest): GroupEntry[] {
    this.expire();
    const now = this.clock.monotonic();
    const wanted = (tag: string | null): boolean => !request.tags || (tag !== null && request.tags.includes(tag));
    this.entries = this.entries.filter(
      (entry) => entry.state !== 'ready' || entry.at > now || wanted(entry.message.tag),
    );

    const blocked = new Set<string>();
    if (request.ordered) {
      for (const { state, message } of this.entries) if (state === 'leased') blocked.add(message.orderingKey ?? '');
    }
    const taken: GroupEntry[] = [];
    for (const entry of this.entries) {
      if (taken.length >= request.max) break;
      const key = request.ordered ? entry.message.orderingKey : null;
      if (key !== null && blocked.has(key)) continue;
      if (entry.state === 'ready' && entry.at <= now) taken.push(entry);
      else if (key !== null) blocked.add(key);
    }
    for (const entry of taken) {
      entry.state = 'leased';
      entry.deliveries += 1;
      entry.at = now + request.leaseMs;
      entry.token = ++this.tokens;
    }
    return taken;
  }

  ack(entry: GroupEntry, ordered: boolean): void {
    entry.state = 'acked';
    const key = ordered ? entry.message.orderingKey : null;
    const unfinished = new Set<string>();
    this.entries = this.entries.filter((other) => {
      if (other.state !== 'acked') unfinished.add(other.message.orderingKey ?? '');
      return other.state !== 'acked' || (key !== null && unfinished.has(other.message.orderingKey ?? ''));
    });
    this.wake();
  }

  release(entry: GroupEntry, delayMs: number): void {
    entry.state = 'ready';
    entry.at = this.clock.monotonic() + delayMs;
    const key = entry.message.orderingKey;
    const behind = key === null ? [] : this.entries.slice(this.entries.indexOf(entry) + 1);
    for (const other of behind) {
      if (other.state === 'acked' && other.message.orderingKey === key) other.state = 'ready';
    }
    if (entry.deliveries >= this.maxDeliveries) this.bury(entry);
    this.wake();
  }

  /** The old handle is worth nothing afterwards, as on the real broker. */
  extend(entry: GroupEntry, ms: number): GroupEntry {
    entry.at = this.clock.monotonic() + ms;
    entry.token = ++this.tokens;
    return entry;
  }

  /** Resolves when something may have become deliverable, after `ms`, or when the signal aborts. */
  async change(ms: number, signal: AbortSignal): Promise<void> {
    const now = this.clock.monotonic();
    const next = Math.min(ms, ...this.entries.filter((entry) => entry.at > now).map((entry) => entry.at - now));
    const until = new AbortController();
    const stop = (): void => until.abort();
    this.waiting.add(stop);
    if (signal.aborted) stop();
    const forget = onAbort(signal, stop);
    await this.clock.sleep(next, until.signal);
    forget();
    this.waiting.delete(stop);
  }

  wake(): void {
    for (const stop of this.waiting) stop();
  }

  private bury(entry: GroupEntry): void {
    entry.state = 'dead';
    this.entries = this.entries.filter((other) => other !== entry);
    this.dead.push(entry);
    this.onDead(entry.message);
  }

  private expire(): void {
    const now = this.clock.monotonic();
    for (const entry of this.entries) if (entry.state === 'leased' && entry.at <= now) this.release(entry, 0);
  }
}
