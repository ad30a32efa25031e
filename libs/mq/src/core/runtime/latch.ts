/** Latch that can be used again: while it is held, callers wait; when it is released, all of them go on. */
export class Latch {
  private readonly waiting = new Set<() => void>();
  private held = false;

  get isHeld(): boolean {
    return this.held;
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    for (const goOn of this.waiting) goOn();
  }

  /** Resolves when the latch is released, and when `signal` aborts. */
  async whenReleased(signal: AbortSignal): Promise<void> {
    while (this.held && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const goOn = (): void => {
          signal.removeEventListener('abort', goOn);
          this.waiting.delete(goOn);
          resolve();
        };
        signal.addEventListener('abort', goOn, { once: true });
        this.waiting.add(goOn);
      });
    }
  }
}
