/**
 * Batches calls: one is in flight, and everything that arrives meanwhile waits and goes together in the next.
 *
 * States: *idle* (nothing waits, nothing runs), *running* (a batch is in flight; items that arrive wait). An item that
 * arrives while idle starts a batch at the end of the current turn of the event loop, together with what else arrived in
 * it. An artificial delay was measured to change nothing: under load the call in flight is the delay (batches of 3 to 25
 * rows), and without load a delay would only be latency.
 *
 * A batch that fails fails each of its items with the same error; the next batch is tried regardless.
 */
export class Coalescer<I, O> {
  private waiting: { item: I; resolve(value: O): void; reject(error: unknown): void }[] = [];
  private running: Promise<void> | null = null;

  /** `run` gets at most `max` items and answers one result for each, in the same order. */
  constructor(
    private readonly run: (items: I[]) => Promise<O[]>,
    private readonly max: number,
  ) {}

  get isIdle(): boolean {
    return this.running === null;
  }

  add(item: I): Promise<O> {
    return new Promise<O>((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.running ??= this.drain();
    });
  }

  /** Resolves when nothing waits and nothing runs. */
  async whenIdle(): Promise<void> {
    while (this.running) await this.running;
  }

  private async drain(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.max);
      try {
        const results = await this.run(batch.map((entry) => entry.item));
        batch.forEach((entry, i) => entry.resolve(results[i]!));
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
    }
    this.running = null;
  }
}
