import { reportDatabaseFailure } from '../events/report-database-failure.js';
import type { RelayContext } from './relay-context.js';

/**
 * Background job that is done again and again, from `start` to `stop`. A round that the database fails is reported, and the
 * next one comes all the same.
 */
export abstract class Rounds {
  private stopping: AbortController | null = null;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    protected readonly context: RelayContext,
    /** As `loop.failed` names it. */
    private readonly name: string,
  ) {}

  start(): void {
    if (this.stopping) return;
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    // An earlier one may still wait for the database.
    this.loop = this.loop.then(() => this.run(signal));
  }

  /** Resolves when no round is under way any more. */
  stop(): Promise<void> {
    this.stopping?.abort();
    this.stopping = null;
    return this.loop;
  }

  protected abstract round(signal: AbortSignal): Promise<void>;

  /** How long to rest between two rounds, in milliseconds. */
  protected abstract pauseMs(): number;

  /** Unless a rest comes first: a process that starts has more urgent work, and many start together. */
  protected readonly startsAtOnce: boolean = false;

  private async run(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.context;
    if (!this.startsAtOnce) await clock.sleep(this.pauseMs(), signal);
    while (!signal.aborted) {
      try {
        await this.round(signal);
      } catch (error) {
        reportDatabaseFailure(events, this.name, error);
      }
      await clock.sleep(this.pauseMs(), signal);
    }
  }
}
