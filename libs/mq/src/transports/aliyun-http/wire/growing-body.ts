const FIRST_BYTES = 65_536;

/**
 * The bytes of a body with an upper limit. A body in one piece, as nearly all are, is that piece; of many small ones no list is kept, which would
 * take a hundred times their size.
 */
export class GrowingBody {
  private held: Buffer = Buffer.alloc(0);
  private length = 0;

  constructor(private readonly max: number) {}

  get bytes(): Buffer {
    return this.held.subarray(0, this.length);
  }

  /** @throws if so many bytes more are too many */
  expect(more: number): void {
    if (this.length + more > this.max) throw new Error(`the answer is larger than ${this.max} bytes`);
  }

  /** @throws as {@link expect} does */
  add(piece: Buffer): void {
    this.expect(piece.length);
    const length = this.length + piece.length;
    if (this.length === 0) {
      this.held = piece;
    } else {
      if (length > this.held.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(length, Math.min(this.max, 2 * this.length), FIRST_BYTES));
        this.held.copy(grown, 0, 0, this.length);
        this.held = grown;
      }
      piece.copy(this.held, this.length);
    }
    this.length = length;
  }
}
