import { describeError } from '../errors/describe-error.js';
import type { Clock } from '../runtime/clock.js';
import { callDetached } from '../runtime/user-code.js';
import type { UndecidedPage, UndecidedPlace } from '../store/undecided.js';

/** How somebody decides about all messages of a filter. */
export interface BulkLimits {
  /** Counts what would be done, and does nothing. */
  readonly dryRun?: boolean;
  /** So many a second at most; as fast as it goes unless set. */
  readonly rate?: number;
  /** Stops after so many that were done; all unless set. */
  readonly max?: number;
  /** Called after each message. */
  readonly onProgress?: (progress: BulkProgress) => void;
  /** Stops after the message that is under way. */
  readonly signal?: AbortSignal;
}

export interface BulkProgress {
  readonly matched: number;
  readonly done: number;
  readonly failed: number;
  /** What was done just now, as `find` gives it; absent where it could not be done, and in a dry run. */
  readonly id?: string;
}

export interface BulkFailure {
  readonly id: string;
  readonly outcome: string;
  /** Why. */
  readonly problem?: string;
}

/** How far it came. What was not done is still there: the same call again goes on with it. */
export interface BulkResult {
  /** What the filter meant when it began. What is parked later, and what fails again, is not among it. */
  readonly matched: number;
  /** Done; with `dryRun` what would have been. */
  readonly done: number;
  /** Could not be done, the first 100 of them. */
  readonly failed: readonly BulkFailure[];
  /** How many could not be done. */
  readonly failedTotal: number;
  /** Somebody else has decided about these between the count and their turn. */
  readonly elsewhere: number;
  /** It ended early: at the signal, or because the database failed. Not at `max`. */
  readonly stopped: boolean;
  /** What the database said, when that is why it stopped. */
  readonly problem?: string;
}

export type Decision = 'done' | 'elsewhere' | { readonly outcome: string; readonly problem: string };

/** What a bulk operation works with. */
export interface BulkWork {
  count(): Promise<{ readonly count: number; readonly first: UndecidedPlace }>;
  page(place: UndecidedPlace, limit: number): Promise<UndecidedPage>;
  /** Decides about one message, in a transaction of its own, in which it is also written down who did so. */
  decide(id: string): Promise<Decision>;
  /** Why some of these could not be done. */
  problemsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Ids alone are read, so a page may be long: each one sorts what is left of the undecided. */
const PAGE = 5_000;
/** A dry run reads payloads, as the transport has to be asked. */
const LOOKED_AT_ONCE = 50;
const FAILURES_LISTED = 100;
/** One message may fail a database that is well; several in a row say that it is not. */
const FAILURES_IN_A_ROW = 3;

/**
 * Decides about every message of a filter, one after the other, oldest first.
 *
 * It keeps no state: each message is a transaction of its own, and what was decided is not found again. So it may be stopped at
 * any moment and started again, and two of them at once share the work; whoever comes second to a message finds it decided.
 */
export class Bulk {
  private matched = 0;
  private done = 0;
  private elsewhere = 0;
  private failedTotal = 0;
  private readonly failed: BulkFailure[] = [];
  private failuresInARow = 0;
  private nextAt: number;

  constructor(
    private readonly work: BulkWork,
    private readonly limits: BulkLimits,
    private readonly clock: Clock,
  ) {
    this.nextAt = clock.monotonic();
  }

  /** Rejects only if not even the first count succeeds: nothing was done then. */
  async run(): Promise<BulkResult> {
    const { count, first } = await this.work.count();
    this.matched = count;
    let stopped = false;
    let problem: string | undefined;
    try {
      for (let place: UndecidedPlace | null = first; place && !this.isOver && !stopped;) {
        const { ids, next }: UndecidedPage = await this.work.page(place, PAGE);
        stopped = this.limits.dryRun ? await this.lookAt(ids) : await this.goThrough(ids);
        place = next;
      }
    } catch (error) {
      stopped = true;
      problem = describeError(error).message;
    }
    const { matched, done, failed, failedTotal, elsewhere } = this;
    return { matched, done, failed, failedTotal, elsewhere, stopped, ...(problem !== undefined && { problem }) };
  }

  private get isOver(): boolean {
    return this.limits.max !== undefined && this.done >= this.limits.max;
  }

  /** Answers whether it was stopped. */
  private async goThrough(ids: readonly string[]): Promise<boolean> {
    for (const id of ids) {
      if (this.isOver) return false;
      await this.pace();
      if (this.limits.signal?.aborted) return true;
      const isDone = await this.decide(id);
      this.tell(isDone ? { id } : {});
    }
    return this.limits.signal?.aborted ?? false;
  }

  /** Answers whether it was done, by this call. */
  private async decide(id: string): Promise<boolean> {
    let decision: Decision;
    try {
      decision = await this.work.decide(id);
    } catch (error) {
      // Also when nobody knows whether it was committed: whoever runs this again finds out.
      this.fail({ id, outcome: 'failed', problem: describeError(error).message });
      if (++this.failuresInARow >= FAILURES_IN_A_ROW) throw error;
      return false;
    }
    this.failuresInARow = 0;
    if (decision === 'elsewhere') this.elsewhere++;
    else if (decision !== 'done') this.fail({ id, ...decision });
    else this.done++;
    return decision === 'done';
  }

  private async lookAt(ids: readonly string[]): Promise<boolean> {
    for (let from = 0; from < ids.length; from += LOOKED_AT_ONCE) {
      if (this.limits.signal?.aborted) return true;
      const some = ids.slice(from, from + LOOKED_AT_ONCE);
      const problems = await this.work.problemsOf(some);
      for (const id of some) {
        if (this.isOver) return false;
        const problem = problems.get(id);
        if (problem === undefined) this.done++;
        else this.fail({ id, outcome: 'not-replayable', problem });
      }
      this.tell({});
    }
    return false;
  }

  private fail(failure: BulkFailure): void {
    this.failedTotal++;
    if (this.failed.length < FAILURES_LISTED) this.failed.push(failure);
  }

  private tell(what: Pick<BulkProgress, 'id'>): void {
    const { matched, done, failedTotal: failed } = this;
    callDetached(() => this.limits.onProgress?.({ matched, done, failed, ...what }));
  }

  /** Evenly spread: what was late is not made up for, that would be a burst. */
  private async pace(): Promise<void> {
    if (this.limits.rate === undefined) return;
    const now = this.clock.monotonic();
    if (this.nextAt > now) await this.clock.sleep(this.nextAt - now, this.limits.signal);
    this.nextAt = Math.max(this.nextAt, now) + 1_000 / this.limits.rate;
  }
}
