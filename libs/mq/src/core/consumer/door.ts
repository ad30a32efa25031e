/** Lets pass while it is open, and keeps waiting while it is closed. */
export class Door {
  private readonly waiting = new Set<() => void>();
  private closed = false;

  get isOpen(): boolean {
    return !this.closed;
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.closed = false;
    for (const pass of this.waiting) pass();
  }

  /** Resolves when the door is open, and when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.closed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener('abort', go);
          this.waiting.delete(go);
          resolve();
        };
        signal.addEventListener('abort', go, { once: true });
        this.waiting.add(go);
      });
    }
  }
}
