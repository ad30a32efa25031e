import type { Clock } from './clock.js';
import { Deadline } from './deadline.js';

/** `silentMs`: there is no answer yet, and the question was put that long ago. */
export type Answer<T> = { readonly value: T } | { readonly silentMs: number };

/**
 * A question that may be asked often, and whose answer may never come. At most one is under way: a database that is frozen
 * would otherwise keep one connection more for each time that somebody asks how it is.
 */
export class Question<T> {
  private open: { readonly answer: Promise<T>; readonly since: number } | null = null;

  constructor(
    private readonly put: () => Promise<T>,
    private readonly clock: Clock,
    private readonly withinMs: number,
  ) {}

  /** Answers within the bound. @throws what asking throws */
  async ask(): Promise<Answer<T>> {
    this.open ??= this.begin();
    const { answer, since } = this.open;
    if (await Deadline.in(this.clock, this.withinMs).covers(answer)) return { value: await answer };
    return { silentMs: this.clock.monotonic() - since };
  }

  private begin(): { answer: Promise<T>; since: number } {
    const answer = this.put().finally(() => (this.open = null));
    return { answer, since: this.clock.monotonic() };
  }
}
