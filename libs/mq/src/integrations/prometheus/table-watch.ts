import type { MqEvents } from '../../core/events/event-bus.js';
import { reportDatabaseFailure } from '../../core/events/report-database-failure.js';
import { between } from '../../core/retry/backoff.js';
import type { Clock } from '../../core/runtime/clock.js';
import { Deadline } from '../../core/runtime/deadline.js';
import type { Random } from '../../core/runtime/random.js';
import { uuidV7 } from '../../core/runtime/uuid-v7.js';
import type { MetricsStore, TableMeasures } from '../../core/store/metrics-store.js';

/** Rounds that may fail before another process takes over. */
const ROUNDS_A_LEASE = 3;
/** Who has not been asked for this long is not scraped. */
const WANTED_MS = 3 * 60_000;
/** A database that does not answer must not hold up a shutdown: the lease ends by itself. */
const LEAVE_MS = 1_000;

interface Dependencies {
  readonly store: MetricsStore;
  readonly events: MqEvents;
  readonly clock: Clock;
  readonly random: Random;
  readonly everyMs: number;
}

export interface DatabaseAnswer {
  readonly databaseMs: number;
  /** This process's clock minus the database's. */
  readonly offsetMs: number;
}

/**
 * Asks the tables every now and then, in one process of all that export metrics, and in none that is not scraped: that one
 * would keep to itself what it finds. So commands, and workers that serve no metrics, cost nothing.
 *
 * Every process that is scraped asks for the duty, which is a lease of a row and costs one SELECT where another has it; so
 * each also learns the database's clock. The one that has it measures. It forgets what it measured when its lease may have
 * ended, by its own monotonic clock from before the statement that took it: two processes never tell of the tables at the
 * same time, also when one was stopped in between.
 *
 * States: *resting* (nobody scrapes) → *waiting* (another has the duty) at the first scrape → *measuring* when the lease of that
 * one has ended; → *waiting* when its own did, because the database was away for too long; → *resting* again; *stopped*.
 * Leaving the duty at a stop or a rest lets the next one begin at once.
 */
export class TableWatch {
  private readonly candidate = uuidV7();
  private measured: { readonly measures: TableMeasures; readonly until: number } | null = null;
  private heldUntil = -Infinity;
  private answer: DatabaseAnswer | null = null;
  private running = false;
  private readAt = -Infinity;
  private looking = false;
  private cancel: () => void = () => undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(private readonly parts: Dependencies) {}

  /** What the last look found; `null` in all processes but one. To be called for a scrape: what nobody reads is not asked for. */
  read(): TableMeasures | null {
    const { isWanted } = this;
    this.readAt = this.parts.clock.monotonic();
    if (!isWanted && this.running && !this.looking) {
      this.cancel();
      this.begin();
    }
    const { measured, readAt } = this;
    return measured && this.holdsDuty && readAt < measured.until ? measured.measures : null;
  }

  /** What the database said when it last answered. */
  get lastAnswer(): DatabaseAnswer | null {
    return this.answer;
  }

  /** At the next scrape. */
  start(): void {
    this.running = true;
    if (this.isWanted) this.begin();
  }

  /** Never rejects, and ends within a second. */
  async stop(): Promise<void> {
    this.running = false;
    this.cancel();
    await Deadline.in(this.parts.clock, LEAVE_MS).covers(this.round.then(() => this.leave()));
  }

  private get isWanted(): boolean {
    return this.parts.clock.monotonic() - this.readAt < WANTED_MS;
  }

  private get holdsDuty(): boolean {
    return this.parts.clock.monotonic() < this.heldUntil;
  }

  private begin(): void {
    const { clock, random, events, everyMs } = this.parts;
    this.looking = true;
    this.round = (this.isWanted ? this.look() : this.leave())
      .catch((error: unknown) => reportDatabaseFailure(events, 'metrics', error))
      .then(() => {
        this.looking = false;
        if (!this.running || !this.isWanted) return;
        // Spread, so that processes that were started together do not ask together.
        this.cancel = clock.schedule(between(everyMs * 0.9, everyMs, random), () => this.begin());
      });
  }

  private async look(): Promise<void> {
    const { store, clock, everyMs } = this.parts;
    const leaseMs = everyMs * ROUNDS_A_LEASE;
    const askedAt = clock.monotonic();
    const { held, databaseMs } = await store.takeDuty(this.candidate, leaseMs);
    const tookMs = clock.monotonic() - askedAt;
    this.answer = { databaseMs, offsetMs: clock.now() - tookMs / 2 - databaseMs };
    if (!held) {
      this.heldUntil = -Infinity;
      this.measured = null;
      return;
    }
    this.heldUntil = askedAt + leaseMs;
    // Not older than a lease, whatever becomes of the next looks.
    this.measured = { measures: await store.measure(), until: askedAt + leaseMs };
  }

  private async leave(): Promise<void> {
    if (!this.holdsDuty) return;
    this.heldUntil = -Infinity;
    await this.parts.store.leaveDuty(this.candidate);
  }
}
