import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { between, doubled } from '../retry/backoff.js';
import { Wakeable } from '../runtime/wakeable.js';
import type { RelayContext } from './relay-context.js';
import type { RelayTick, RunningTick, TickResult } from './relay-tick.js';

const FIRST_PAUSE_MS = 50;
/** A pause is chosen between `idle` and this many times it: for what a process without work costs its database. */
const STRETCH = 2;
/** Pause after the first pass that the database failed, doubled with each further one. */
const FAILURE_PAUSE_MS = 400;
const FAILURE_PAUSE_MAX_MS = 10_000;
/** A rest that goes on for so many times as long as the longest is none any more. */
const LATE = 3;
/** A claim of this many batches ahead keeps the wire busy while marks are written. */
const BATCHES_AHEAD = 2;

/**
 * Decides when to look for due rows. Any number of instances may do so at once: claims do not overlap.
 *
 * States and what moves between them:
 * - *working*: a claim left something → claim again at once and without looking first, as long as no more than two
 *   batches are under way and the memory for them is not used up. The look costs a quarter of the rate then: it has to
 *   pass every entry that a claim has just moved in the index.
 * - *resting*: nothing (more) was due → sleep until the earliest row is due, at most between one and two times
 *   `reproduce.idle`, by chance, so that many instances do not poll in step. Finding nothing twice doubles the sleep from 50 ms up. Waking costs one SELECT
 *   of the earliest due time; only if that has passed does a claim follow.
 * - *waiting*: the connection's circuit is open → sleep until its next probe.
 * - *failing*: the database did not answer → back off with jitter up to 10 s; the first success resets it.
 * - *stopped*: no claim begins any more; what is under way is waited for by `stop`.
 *
 * A commit in this process, a circuit that closes, and `wake` end a sleep early.
 */
export class RelayLoop {
  private readonly sleeper: Wakeable;
  private stopping = false;
  private loop: Promise<void> | null = null;
  private readonly running = new Set<RunningTick>();
  /** The last claim left something. */
  private working = false;
  private emptyPolls = 0;
  private failures = 0;
  /** When the first failure since the last success was, on the monotonic clock. */
  private failingSince: number | null = null;
  private lastPoll = 0;
  /** When its rest is over, on the monotonic clock; `null` while it works. */
  private restsUntil: number | null = null;

  constructor(
    private readonly context: RelayContext,
    private readonly tick: RelayTick,
  ) {
    this.sleeper = new Wakeable(context.clock);
  }

  /** Also while an earlier one still waits for the database: that one goes on. */
  start(): void {
    this.stopping = false;
    this.loop ??= this.run();
  }

  /** Something became due. */
  wake(): void {
    this.emptyPolls = 0;
    this.sleeper.wake();
  }

  /** How long ago it should have looked again, in milliseconds; 0 while it rests as planned, waits for an answer, or is off. */
  get overdueMs(): number {
    if (this.loop === null || this.restsUntil === null) return 0;
    const grace = LATE * Math.max(STRETCH * this.context.options.reproduce.idleMs, FAILURE_PAUSE_MAX_MS);
    return Math.max(0, this.context.clock.monotonic() - this.restsUntil - grace);
  }

  /** Looks again, unless that was done within the longest pause: a timer besides our own must not double the polls. */
  nudge(): void {
    if (this.context.clock.monotonic() - this.lastPoll >= STRETCH * this.context.options.reproduce.idleMs)
      this.sleeper.wake();
  }

  /** Resolves when no pass is under way any more. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.sleeper.wake();
    await this.loop;
    await Promise.allSettled([...this.running].map(({ done }) => done));
  }

  /** One pass, awaited to its end. Works with and without the loop running. */
  async runOnce(): Promise<TickResult> {
    const tick = await this.begin();
    return tick.done;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const pause = await this.step();
      if (this.stopping) break;
      this.restsUntil = this.context.clock.monotonic() + pause;
      await this.sleeper.sleep(pause);
      this.restsUntil = null;
    }
    this.recovered();
    this.loop = null;
  }

  /** Answers how long to sleep. */
  private async step(): Promise<number> {
    try {
      const pause = await this.poll();
      this.failures = 0;
      this.recovered();
      return pause;
    } catch (error) {
      this.failures++;
      this.failed(error);
      const ms = doubled(this.failures, FAILURE_PAUSE_MS, FAILURE_PAUSE_MAX_MS);
      return between(ms / 2, ms, this.context.random);
    }
  }

  private async poll(): Promise<number> {
    const { circuit, lanes, budget, clock, options } = this.context;
    const { batch, idleMs } = options.reproduce;
    this.lastPoll = clock.monotonic();
    const probeIn = circuit.nextProbeInMs();
    if (circuit.connectionOpen && probeIn !== null && probeIn > 0) return probeIn;
    if (!budget.hasRoom) {
      // What is in hand fills the memory that it may have.
      budget.whenRoom(() => this.sleeper.wake());
      return idleMs;
    }
    if (this.underWay() > BATCHES_AHEAD * batch) {
      await Promise.race([...this.running].map(({ done }) => done.catch(() => undefined)));
      return 0;
    }
    const dueIn = this.working ? 0 : await this.lookForDue();
    this.working = false;
    const topicProbeDue = circuit.dueTopics().some((topic) => lanes.of(topic).length > 0);
    if (!topicProbeDue && (dueIn === null || dueIn > 0)) return this.rest(dueIn, probeIn, idleMs);

    const tick = await this.begin();
    if (tick.claimed > 0 && circuit.connectionOpen) {
      // The probe, or a row that could not be one (it stands behind another of its key): then the next one at once.
      await tick.done.catch(() => undefined);
      return 0;
    }
    if (tick.claimed > 0 && tick.more) {
      this.emptyPolls = 0;
      this.working = true;
      return 0;
    }
    // What was due was just taken, and more may follow soon; or it is leased elsewhere, and the next look need not be at once.
    if (tick.claimed > 0) this.emptyPolls = 0;
    return this.rest(tick.claimed > 0 ? null : dueIn, circuit.nextProbeInMs(), idleMs);
  }

  private lookForDue(): Promise<number | null> {
    const { circuit, store, lanes } = this.context;
    return store.nextDueIn(lanes.except(circuit.connectionOpen ? [] : circuit.openTopics));
  }

  private async begin(): Promise<RunningTick> {
    const tick = await this.tick.start();
    if (tick.claimed === 0) return tick;
    this.running.add(tick);
    void tick.done
      .then(
        (result) => {
          this.recovered();
          this.context.events.emit('relay.ticked', result);
        },
        (error: unknown) => this.failed(error),
      )
      .finally(() => this.running.delete(tick));
    return tick;
  }

  private rest(dueIn: number | null, probeIn: number | null, idleMs: number): number {
    const backedOff = doubled(++this.emptyPolls, FIRST_PAUSE_MS, idleMs);
    // Above `idle` and never below it: with several instances the average must not exceed one look per `idle` each.
    const jittered = between(backedOff, backedOff * STRETCH, this.context.random);
    // What is due already and was not there to be taken does not come sooner by asking again at once.
    const known = [dueIn, probeIn].filter((ms) => ms !== null && ms > 0) as number[];
    return Math.min(jittered, ...known);
  }

  private underWay(): number {
    let rows = 0;
    for (const tick of this.running) rows += tick.pending();
    return rows;
  }

  private failed(error: unknown): void {
    this.failingSince ??= this.context.clock.monotonic();
    reportDatabaseFailure(this.context.events, 'relay', error);
  }

  private recovered(): void {
    if (this.failingSince === null) return;
    const failedMs = Math.round(this.context.clock.monotonic() - this.failingSince);
    this.failingSince = null;
    this.context.events.emit('loop.recovered', { loop: 'relay', failedMs });
  }
}
