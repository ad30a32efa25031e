/** Deliveries beyond `maxAttempts` after which a message is parked although no failure was recorded: handling it ends processes. */
export const UNRECORDED_DELIVERIES = 10;

/** Count of the attempts of a message: recorded failures, and the broker's deliveries. */
export class AttemptCount {
  /** Failed attempts that count: those recorded earlier and ours since. `null` until {@link load}. */
  private recorded: number | null = null;

  /**
   * @param deliveries by the broker's count; `null` for a dead letter, whose count is gone
   * @param ordered whether the topic is ordered: then the broker also counts for all messages that waited behind one that
   *   failed (RocketMQ 5), and begins again when its batch changes; neither says how often this message was attempted
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

  /** Number of the current attempt. The broker's count includes attempts that ended a process before it could record them. */
  get attempt(): number {
    return Math.max(this.failures + 1, this.ordered ? 1 : (this.deliveries ?? 1));
  }

  /** Whether there may be no further attempt. */
  get isExhausted(): boolean {
    return this.failures >= this.maxAttempts || (this.deliveries ?? 0) >= this.maxAttempts + UNRECORDED_DELIVERIES;
  }

  /** Looks up the recorded failures. A first delivery cannot have any, and most are first ones: those cost no lookup. */
  async load(): Promise<void> {
    this.recorded ??= this.deliveries === 1 && !this.ordered ? 0 : await this.lookUp();
  }

  /** Counts one more failure, also one that could not be recorded. */
  add(): void {
    this.recorded = this.failures + 1;
  }
}
