import type { Clock } from './clock.js';
import { Deadline } from './deadline.js';

/** `silentMs`: there is no answer yet, and the call began that long ago. */
type Answer<T> = { readonly value: T } | { readonly silentMs: number };

/**
 * Single flight with a time limit: a call that may be asked for often, and whose answer may never come. At most one is under
 * way: a database that is frozen would otherwise keep one connection more for each time that somebody asks how it is.
 */
export class SingleFlight<T> {
  private underWay: { readonly answer: Promise<T>; readonly since: number } | null = null;

  constructor(
    private readonly call: () => Promise<T>,
    private readonly clock: Clock,
    private readonly withinMs: number,
  ) {}

  /** Answers within the limit. @throws what the call throws */
  async ask(): Promise<Answer<T>> {
    this.underWay ??= this.begin();
    const { answer, since } = this.underWay;
    if (await Deadline.in(this.clock, this.withinMs).covers(answer)) return { value: await answer };
    return { silentMs: this.clock.monotonic() - since };
  }

  private begin(): { answer: Promise<T>; since: number } {
    const answer = this.call().finally(() => (this.underWay = null));
    return { answer, since: this.clock.monotonic() };
  }
}
