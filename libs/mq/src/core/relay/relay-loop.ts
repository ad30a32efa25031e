import type { ResolvedOptions } from '../config/resolved-options.js';
import type { MqEvents } from '../events/event-bus.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import { Wakeable } from '../runtime/wakeable.js';
import type { OutboxStore } from '../store/outbox-store.js';
import type { Circuit } from './circuit.js';
import type { Lanes } from './lanes.js';
import type { MemoryBudget } from './memory-budget.js';
import type { RelayTick, RunningTick, TickResult } from './relay-tick.js';

const FIRST_PAUSE_MS = 50;
const FAILURE_PAUSE_MAX_MS = 10_000;
/** A claim of this many batches ahead keeps the wire busy while marks are written. */
const BATCHES_AHEAD = 2;

/**
 * Decides when to look for due rows. Any number of instances may do so at once: claims do not overlap.
 *
 * States and what moves between them:
 * - *working*: a claim left something → claim again at once and without looking first, as long as no more than two
 *   batches are under way and the memory for them is not used up. The look costs a quarter of the rate then: it has to
 *   pass every entry that a claim has just moved in the index.
 * - *resting*: nothing (more) was due → sleep until the earliest row is due, at most `reproduce.idle`, with jitter so that
 *   many instances do not poll in step. Finding nothing twice doubles the sleep from 50 ms up. Waking costs one SELECT
 *   of the earliest due time; only if that has passed does a claim follow.
 * - *closed*: the connection's circuit is open → sleep until its next probe.
 * - *failing*: the database did not answer → back off with jitter up to 10 s; the first success resets it.
 * - *stopped*: no claim begins any more; what is under way is waited for by `stop`.
 *
 * A commit in this process, a circuit that closes, and `wake` end a sleep early.
 */
export class RelayLoop {
  private readonly bell: Wakeable;
  private stopping = false;
  private loop: Promise<void> | null = null;
  private readonly running = new Set<RunningTick>();
  /** The last claim left something. */
  private working = false;
  private emptyPolls = 0;
  private failures = 0;
  private lastPoll = 0;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly store: OutboxStore<never>,
    private readonly tick: RelayTick,
    private readonly circuit: Circuit,
    private readonly lanes: Lanes,
    private readonly budget: MemoryBudget,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly events: MqEvents,
  ) {
    this.bell = new Wakeable(clock);
  }

  /** Also while an earlier one still waits for the database: that one goes on. */
  start(): void {
    this.stopping = false;
    this.loop ??= this.run();
  }

  /** Something became due. */
  wake(): void {
    this.emptyPolls = 0;
    this.bell.wake();
  }

  /** Looks again, unless that was done less than `reproduce.idle` ago: a timer besides our own must not double the polls. */
  nudge(): void {
    if (this.clock.monotonic() - this.lastPoll >= this.options.reproduce.idleMs) this.bell.wake();
  }

  /** Resolves when no pass is under way any more. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.bell.wake();
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
      if (!this.stopping) await this.bell.sleep(pause);
    }
    this.loop = null;
  }

  /** Answers how long to sleep. */
  private async step(): Promise<number> {
    try {
      const pause = await this.poll();
      this.failures = 0;
      return pause;
    } catch (error) {
      this.failures++;
      this.failed(error);
      const ceiling = Math.min(FAILURE_PAUSE_MAX_MS, 200 * 2 ** Math.min(this.failures, 10));
      return ceiling * (0.5 + this.random() / 2);
    }
  }

  private async poll(): Promise<number> {
    const { batch, idleMs } = this.options.reproduce;
    this.lastPoll = this.clock.monotonic();
    const probeIn = this.circuit.nextProbeInMs();
    if (this.circuit.connectionOpen && probeIn !== null && probeIn > 0) return probeIn;
    if (!this.budget.hasRoom) {
      // What is in hand fills the memory that it may have.
      this.budget.whenRoom(() => this.bell.wake());
      return idleMs;
    }
    if (this.underWay() > BATCHES_AHEAD * batch) {
      await Promise.race([...this.running].map(({ done }) => done.catch(() => undefined)));
      return 0;
    }
    const dueIn = this.working ? 0 : await this.lookForDue();
    this.working = false;
    const topicProbeDue = this.circuit.dueTopics().length > 0;
    if (!topicProbeDue && (dueIn === null || dueIn > 0)) return this.rest(dueIn, probeIn, idleMs);

    const tick = await this.begin();
    if (tick.claimed > 0 && this.circuit.connectionOpen) {
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
    return this.rest(tick.claimed > 0 ? null : dueIn, this.circuit.nextProbeInMs(), idleMs);
  }

  private lookForDue(): Promise<number | null> {
    return this.store.nextDueIn(this.lanes.except(this.circuit.connectionOpen ? [] : this.circuit.openTopics));
  }

  private async begin(): Promise<RunningTick> {
    const tick = await this.tick.start();
    if (tick.claimed === 0) return tick;
    this.running.add(tick);
    void tick.done
      .then(
        (result) => this.events.emit('relay.ticked', result),
        (error: unknown) => this.failed(error),
      )
      .finally(() => this.running.delete(tick));
    return tick;
  }

  private rest(dueIn: number | null, probeIn: number | null, idleMs: number): number {
    const backedOff = Math.min(idleMs, FIRST_PAUSE_MS * 2 ** Math.min(this.emptyPolls++, 20));
    // Above `idle` and never below it: with several instances the average must not exceed one look per `idle` each.
    const jittered = backedOff * (1 + this.random() * 0.3);
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
    reportDatabaseFailure(this.events, 'relay', error);
  }
}
