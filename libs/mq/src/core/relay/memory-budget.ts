/**
 * What a message takes for each byte of its payload while it is in hand: the text itself, which is twice as long as its
 * UTF-8 when one character of it is beyond Latin-1, and what the driver and the transport make of it.
 */
const COPIES = 4;

interface Weighed {
  readonly payloadBytes: number;
}

/**
 * Limits the memory of messages that are in hand, by bytes and not by number: 300 due rows of 3.9 MiB used to end a
 * process with a heap of 256 MB, again at each restart. The relay and the immediate sender share it.
 *
 * A claim reserves what it may get before it knows what it gets, so that two at once stay within the limit. One message
 * always goes, however large: while nothing is held, one may be taken.
 */
export class MemoryBudget {
  private held = 0;
  private onRoom: (() => void) | null = null;

  constructor(private readonly total: number) {}

  /** Whether a claim is worth its statement: with a little room it would bring one row each time. */
  get hasRoom(): boolean {
    return this.held === 0 || this.held <= this.total * 0.75;
  }

  /** Calls back once when there is room again. One can wait. */
  whenRoom(then: () => void): void {
    this.onRoom = then;
  }

  /** Leases rows with at most half of the budget, so that one batch is claimed while another is sent, and holds them. */
  async fill<Row extends Weighed>(lease: (bytes: number) => Promise<readonly Row[]>): Promise<void> {
    const share = Math.max(0, Math.min(this.total - this.held, this.total / 2));
    this.held += share;
    let cost = 0;
    try {
      cost = costOf(await lease(Math.floor(share / COPIES)));
    } finally {
      this.release(share - cost);
    }
  }

  /** Holds rows that are in memory already. `false`: there is no room for them. */
  tryHold(rows: readonly Weighed[]): boolean {
    const cost = costOf(rows);
    if (this.held > 0 && this.held + cost > this.total) return false;
    this.held += cost;
    return true;
  }

  /** These are not in hand any more. */
  free(rows: readonly Weighed[]): void {
    this.release(costOf(rows));
  }

  private release(cost: number): void {
    this.held -= cost;
    if (this.onRoom === null || !this.hasRoom) return;
    const tell = this.onRoom;
    this.onRoom = null;
    tell();
  }
}

function costOf(rows: readonly Weighed[]): number {
  return rows.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0) * COPIES;
}
