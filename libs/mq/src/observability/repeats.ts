import type { Clock } from '../core/runtime/clock.js';

const WINDOW_MS = 60_000;
/** Causes that are remembered. Further ones are written as they come. */
const REMEMBERED = 500;

/** Writes a line. @param others of its cause that were left out before it */
type Write = (others: number) => void;

interface Cause {
  told: number;
  leftOut: number;
  /** Writes the last line that was left out. */
  last: Write | null;
  cancel: () => void;
}

/**
 * Keeps one cause from filling the log: of its lines some are written at once, and of those that follow within a minute only the last,
 * when the minute is over, with the number of the others. A cause that has been silent for a minute is forgotten.
 */
export class Repeats {
  private readonly causes = new Map<string, Cause>();

  constructor(private readonly clock: Clock) {}

  /** @param atOnce how many lines of this cause a minute are written as they come */
  write(cause: string, atOnce: number, write: Write): void {
    const known = this.causes.get(cause);
    if (known) {
      if (known.told >= atOnce) {
        known.leftOut++;
        known.last = write;
        return;
      }
      known.told++;
    } else if (this.causes.size < REMEMBERED) {
      this.causes.set(cause, { told: 1, leftOut: 0, last: null, cancel: this.endLater(cause) });
    }
    write(0);
  }

  /** Writes what was left out, and forgets everything. */
  stop(): void {
    for (const { cancel, last, leftOut } of this.causes.values()) {
      cancel();
      last?.(leftOut - 1);
    }
    this.causes.clear();
  }

  private endLater(cause: string): () => void {
    return this.clock.schedule(WINDOW_MS, () => this.end(cause));
  }

  private end(cause: string): void {
    const { last, leftOut } = this.causes.get(cause)!;
    this.causes.delete(cause);
    if (last === null) return;
    this.causes.set(cause, { told: 1, leftOut: 0, last: null, cancel: this.endLater(cause) });
    last(leftOut - 1);
  }
}
