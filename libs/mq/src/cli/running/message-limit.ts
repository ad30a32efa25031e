import type { BuiltConnection } from '../../nest/boot-mode.js';

/**
 * Ends intake after a number of deliveries, and not many later: as the number is approached, no more handlers run at once than
 * are still wanted. With one topic and group it is exact; several may each have a last one under way.
 */
export class MessageLimit {
  private readonly reaching = new AbortController();
  private readonly built: BuiltConnection[] = [];

  /** @param concurrency of each group, if the command sets it */
  constructor(
    private readonly most: number | undefined,
    private readonly concurrency: number | undefined,
  ) {}

  /** Aborts when the number is reached. */
  get reached(): AbortSignal {
    return this.reaching.signal;
  }

  /** Before anything of this connection starts. */
  add(built: BuiltConnection): void {
    this.built.push(built);
    if (this.most !== undefined) built.consumers.keepNoLine();
    this.apply(built, this.most ?? Infinity);
  }

  /** @param deliveries that have ended by now */
  progress(deliveries: number): void {
    if (this.most === undefined) return;
    const left = this.most - deliveries;
    for (const built of this.built) {
      if (left > 0) this.apply(built, left);
      else built.consumers.stopIntake();
    }
    if (left <= 0) this.reaching.abort();
  }

  private apply({ options, consumers }: BuiltConnection, left: number): void {
    for (const { alias, concurrency } of options.groups.values()) {
      consumers.setConcurrency(alias, Math.min(this.concurrency ?? concurrency, left));
    }
  }
}
