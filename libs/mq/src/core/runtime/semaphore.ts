type Release = () => void;

/**
 * Semaphore with a FIFO queue; its limit can change, and pollers can peek.
 *
 * Deliveries wait in the queue for a slot. Poll loops only peek ({@link free}, {@link whenFree}): a slot that an idle long
 * poll held for its 30 seconds would be missing to a group that has work. Several loops may therefore fetch for the same
 * free slot; what they fetched waits in the queue, and who waits counts as having a slot.
 *
 * While whoever does the work has too much, fewer slots than the limit are given out (additive increase, multiplicative
 * decrease): {@link narrow} halves their number, and each {@link widen} adds a part of a slot, one slot for as many calls as
 * there are slots.
 */
export class Semaphore {
  private taken = 0;
  /** Slots that are given out at most, from 1 to the limit; only whole ones count. */
  private width: number;
  private narrowed = 0;
  private readonly queue: ((release: Release) => void)[] = [];
  private readonly peekers = new Map<() => void, () => boolean>();

  constructor(private limit: number) {
    this.width = limit;
  }

  get inUse(): number {
    return this.taken;
  }

  /** Slots that there are. */
  get size(): number {
    return this.limit;
  }

  /** Slots that nobody has or waits for. */
  get free(): number {
    return Math.max(0, Math.floor(this.width) - this.taken - this.queue.length);
  }

  /** How many wait for a slot. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Takes effect at once for those in the queue. Slots above a lower limit are given back by those who have them. */
  setLimit(limit: number): void {
    this.limit = limit;
    this.width = limit;
    this.admit();
  }

  /** Resolves to the function that gives the slot back, or to `null` when `signal` aborted first. */
  acquire(signal: AbortSignal): Promise<Release | null> {
    if (signal.aborted) return Promise.resolve(null);
    if (this.free > 0) return Promise.resolve(this.take());
    return new Promise((resolve) => {
      const admitted = (release: Release): void => {
        signal.removeEventListener('abort', leave);
        resolve(release);
      };
      const leave = (): void => {
        this.queue.splice(this.queue.indexOf(admitted), 1);
        resolve(null);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.queue.push(admitted);
      this.admit();
    });
  }

  /** Runs `task` in a slot of its own; in this very turn if one is free. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const release = this.free > 0 ? this.take() : await new Promise<Release>((resolve) => this.queue.push(resolve));
    try {
      return await task();
    } finally {
      release();
    }
  }

  /** Resolves when a slot is free, and when `signal` aborts. The slot may be taken again before the caller looks. */
  whenFree(signal: AbortSignal): Promise<void> {
    return this.when(() => this.free > 0, signal);
  }

  /** The same for anything else that slots and their queue say. */
  when(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    if (isSo() || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.peekers.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.peekers.set(done, isSo);
    });
  }

  /** How often {@link narrow} has taken effect. A task that may have to narrow notes it when it begins. */
  get narrowings(): number {
    return this.narrowed;
  }

  /** @param since {@link narrowings} when the task began. A task that began before the last narrowing says nothing new. */
  narrow(since: number): void {
    if (since !== this.narrowed) return;
    this.narrowed += 1;
    this.width = Math.max(1, Math.min(this.width, this.taken) / 2);
  }

  widen(): void {
    this.width = Math.min(this.limit, this.width + 1 / this.width);
    this.admit();
  }

  private admit(): void {
    while (this.taken < Math.floor(this.width) && this.queue.length > 0) this.queue.shift()!(this.take());
    for (const [wake, isSo] of this.peekers) if (isSo()) wake();
  }

  /** Counts the slot before anybody runs in it, so that nobody can slip in between. */
  private take(): Release {
    this.taken++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.taken--;
      this.admit();
    };
  }
}
