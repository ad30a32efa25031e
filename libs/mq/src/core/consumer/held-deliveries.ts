import type { Clock } from '../runtime/clock.js';

/** Each holds its body; a thousand of 4 MB would be the whole memory of a small process. */
export const MAX_HELD = 100;

interface Held {
  readonly forget: () => void;
  readonly drop: () => void;
}

/**
 * Failed deliveries of one group that wait in memory for their next attempt, for brokers that cannot be told when to
 * deliver again. They take no place. Whoever is turned away, or dropped at shutdown, comes again when its lease ends.
 */
export class HeldDeliveries {
  private readonly held = new Set<Held>();
  private closed = false;

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.held.size;
  }

  /** Whether another may be held. Asked before a verdict; those that get theirs in the same moment may overshoot a little. */
  get hasRoom(): boolean {
    return !this.closed && this.held.size < MAX_HELD;
  }

  /** Calls `again` after `ms`, or `drop` when the process stops first. */
  hold(ms: number, again: () => void, drop: () => void): void {
    if (this.closed) return drop();
    const entry: Held = {
      drop,
      forget: this.clock.schedule(ms, () => {
        this.held.delete(entry);
        again();
      }),
    };
    this.held.add(entry);
  }

  open(): void {
    this.closed = false;
  }

  /** Drops all, and takes none until it is opened again. */
  close(): void {
    this.closed = true;
    for (const { forget, drop } of this.held) {
      forget();
      drop();
    }
    this.held.clear();
  }
}
