interface Waiter {
  readonly admit: (release: () => void) => void;
}

/**
 * A number of places and a line in front of them, first come, first served.
 *
 * Deliveries stand in line and take a place; poll loops only look whether one is free, because a place that an idle
 * long poll held for its 30 seconds would be missing to a group that has work. Several loops may therefore fetch for the
 * same free place; what they fetched stands in line, and the line counts as taken.
 */
export class Slots {
  private taken = 0;
  private readonly line: Waiter[] = [];
  private readonly onlookers = new Set<() => void>();

  constructor(private limit: number) {}

  get inUse(): number {
    return this.taken;
  }

  /** Places that nobody has or waits for. */
  get free(): number {
    return Math.max(0, this.limit - this.taken - this.line.length);
  }

  /** Takes effect at once for those in line; places above a lower limit are given back by those who have them. */
  setLimit(limit: number): void {
    this.limit = limit;
    this.admit();
  }

  /** Resolves to the function that gives the place back, or to `null` when `signal` aborted first. */
  acquire(signal: AbortSignal): Promise<(() => void) | null> {
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        admit: (release) => {
          signal.removeEventListener('abort', leave);
          resolve(release);
        },
      };
      const leave = (): void => {
        this.line.splice(this.line.indexOf(waiter), 1);
        resolve(null);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.line.push(waiter);
      this.admit();
    });
  }

  /** Resolves when a place is free, and when `signal` aborts. It may be gone again by the time the caller looks. */
  whenFree(signal: AbortSignal): Promise<void> {
    if (this.free > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.onlookers.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.onlookers.add(done);
    });
  }

  private admit(): void {
    while (this.taken < this.limit && this.line.length > 0) {
      this.taken++;
      this.line.shift()!.admit(this.releaseOnce());
    }
    if (this.free > 0) for (const wake of this.onlookers) wake();
  }

  private releaseOnce(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.taken--;
      this.admit();
    };
  }
}
