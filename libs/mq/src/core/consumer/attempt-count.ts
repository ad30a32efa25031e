/** Deliveries beyond `maxAttempts` after which a message is parked although no failure was recorded: it kills processes. */
export const UNRECORDED_DELIVERIES = 10;

/** How often a delivery has been attempted, by those who recorded it and by the broker. */
export class AttemptCount {
  /** Failed attempts that count: those recorded earlier and ours since. `null` until somebody must know. */
  private recorded: number | null = null;

  /**
   * @param deliveries by the broker's count; `null` when it gave the message up and tells no more
   * @param ordered of an ordered topic, whose broker counts for all that stood in line behind a message that failed
   *   (RocketMQ 5), and begins again when its batch changes: neither says how often this one was tried
   */
  constructor(
    private readonly deliveries: number | null,
    private readonly maxAttempts: number,
    private readonly ordered: boolean,
    private readonly lookUp: () => Promise<number>,
  ) {}

  get failures(): number {
    return this.recorded ?? 0;
  }

  /** Number of the attempt at hand. The broker's count also knows those that ended a process before it could record. */
  get attempt(): number {
    return Math.max(this.failures + 1, this.ordered ? 1 : (this.deliveries ?? 1));
  }

  /** Whether another attempt is one too many. */
  get isExhausted(): boolean {
    return this.failures >= this.maxAttempts || (this.deliveries ?? 0) >= this.maxAttempts + UNRECORDED_DELIVERIES;
  }

  /** A first delivery cannot have failed before, and is most of them: it costs no lookup. */
  async load(): Promise<void> {
    this.recorded ??= this.deliveries === 1 && !this.ordered ? 0 : await this.lookUp();
  }

  /** One more. It counts whether or not it could be recorded. */
  add(): void {
    this.recorded = this.failures + 1;
  }
}
