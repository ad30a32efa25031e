/**
 * Lets `limit` tasks run at once; the rest waits in line. Fewer while whoever does the work has too much: {@link narrow} halves
 * them, and each {@link widen} makes them a little more, one more for as many as there are.
 */
export class Limiter {
  private running = 0;
  private width: number;
  private narrowings = 0;
  private readonly line: (() => void)[] = [];

  constructor(private readonly limit: number) {
    this.width = limit;
  }

  /** The present; for {@link narrow}. */
  get era(): number {
    return this.narrowings;
  }

  /** @param since when the task began that shows it. What began before the last narrowing says nothing new. */
  narrow(since: number): void {
    if (since !== this.narrowings) return;
    this.narrowings += 1;
    this.width = Math.max(1, Math.min(this.width, this.running) / 2);
  }

  widen(): void {
    this.width = Math.min(this.limit, this.width + 1 / this.width);
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= Math.floor(this.width)) await new Promise<void>((resolve) => this.line.push(resolve));
    else this.running++;
    try {
      return await task();
    } finally {
      this.running--;
      // Counted before they run, so nobody can slip in between.
      while (this.line.length > 0 && this.running < Math.floor(this.width)) {
        this.running++;
        this.line.shift()!();
      }
    }
  }
}
