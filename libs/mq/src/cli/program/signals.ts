import { systemClock } from '../../core/runtime/system-clock.js';
import { EXIT_BY_SIGNAL, type EndingSignal } from '../exit-codes.js';

/** One Ctrl-C can arrive twice: from the terminal, and from npm, which hands on what it got itself. */
const SAME_SIGNAL_MS = 250;

/** A signal ended a command that cannot stop in order. */
export class Interrupted extends Error {
  constructor(readonly by: EndingSignal) {
    super(by);
  }
}

/** The first SIGINT or SIGTERM asks the command to end, the second one ends the process at once. */
export class Signals {
  private readonly asking = new AbortController();
  private first: { readonly name: EndingSignal; readonly at: number } | null = null;

  get signal(): AbortSignal {
    return this.asking.signal;
  }

  listen(): void {
    for (const name of Object.keys(EXIT_BY_SIGNAL) as EndingSignal[]) process.on(name, () => this.received(name));
  }

  /** Rejects at the first one. */
  async interrupt(): Promise<never> {
    await new Promise((resolve) => this.signal.addEventListener('abort', resolve, { once: true }));
    throw new Interrupted(this.first!.name);
  }

  private received(name: EndingSignal): void {
    const at = systemClock.monotonic();
    if (this.first === null) {
      this.first = { name, at };
      this.asking.abort();
    } else if (at - this.first.at > SAME_SIGNAL_MS) {
      process.exit(EXIT_BY_SIGNAL[name]);
    }
  }
}
