/** Share of the latest one in the average. */
const WEIGHT = 1 / 8;

/** How long the deliveries of a group have kept their slots lately. */
export class SlotPace {
  private average: number | null = null;

  /** `null` before the first one has ended. */
  get averageMs(): number | null {
    return this.average;
  }

  ended(ms: number): void {
    this.average = this.average === null ? ms : this.average + (ms - this.average) * WEIGHT;
  }
}
