/**
 * Serialised on/off switch: it turns something on and off for many callers that know nothing of each other, one change at a
 * time. The last call wins: `off(); on()` in one turn ends on, although turning off takes time and the second call came in
 * the middle of it.
 *
 * States: *idle* (the state is the wanted one) → *changing* (one of the two functions runs; a call now changes only what is
 * wanted) → *changing* again while the two differ → *idle*. *locked*: off, and no call turns it on any more.
 */
export class Switch {
  private wanted = false;
  /** `null` after a change that failed: neither state is certain, so both changes may be tried. */
  private state: boolean | null = false;
  private locked = false;
  private changing = false;
  /** The change under way, or the last one. */
  private change: Promise<void> = Promise.resolve();

  constructor(
    private readonly turnOn: () => void | Promise<void>,
    private readonly turnOff: () => Promise<void>,
  ) {}

  /** Whether it is on, and nobody has asked for anything else. */
  get isOn(): boolean {
    return this.state === true && this.wanted;
  }

  /** Resolves when it is on, or off after all because somebody said so later. @throws what turning it on throws */
  on(): Promise<void> {
    return this.set(!this.locked);
  }

  /** Resolves when it is off, or on after all because somebody said so later. */
  off(): Promise<void> {
    return this.set(false);
  }

  /** Off, for good. */
  lock(): Promise<void> {
    this.locked = true;
    return this.off();
  }

  private set(wanted: boolean): Promise<void> {
    this.wanted = wanted;
    if (!this.changing) this.change = this.follow();
    return this.change;
  }

  private async follow(): Promise<void> {
    this.changing = true;
    try {
      while (this.state !== this.wanted) {
        const next = this.wanted;
        this.state = null;
        await (next ? this.turnOn() : this.turnOff());
        this.state = next;
      }
    } catch (error) {
      this.wanted = false;
      throw error;
    } finally {
      this.changing = false;
    }
  }
}
