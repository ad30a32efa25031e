import { eventually } from '../../support/eventually.js';

/**
 * Sends that fail, the second one not before it is told to. While that one, the probe of a circuit, is on the wire no
 * other may go, so whatever is published in the meantime meets a closed way, however long that takes.
 */
export class HeldProbe {
  sends = 0;
  end!: () => void;
  private readonly ended = new Promise<void>((resolve) => (this.end = resolve));

  /** @param signal ends the wait as well: a test that fails halfway still closes its application */
  async fail(error: Error, signal: AbortSignal): Promise<never> {
    signal.addEventListener('abort', this.end);
    if (++this.sends === 2) await this.ended;
    throw error;
  }

  onTheWire(): Promise<boolean> {
    return eventually(() => this.sends === 2, { what: 'a probe on the wire' });
  }
}
