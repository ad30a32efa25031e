import { reportDatabaseFailure } from '../events/report-database-failure.js';
import type { MqEvents } from '../events/event-bus.js';
import type { PauseBoard } from '../pauses/pause-board.js';
import { between } from '../retry/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { Deadline } from '../runtime/deadline.js';
import type { Random } from '../runtime/random.js';
import { uuidV7 } from '../runtime/uuid-v7.js';
import { VERSION } from '../runtime/version.js';
import type { NodeRole, NodeState, NodeStore } from '../store/node-store.js';
import type { PauseStore } from '../store/pause-store.js';
import { LoopLag } from './loop-lag.js';

/**
 * Rest between two beats. Ten seconds are what a pause takes to reach every process, with the beat itself; spread, because
 * processes that start together would otherwise beat together.
 */
const REST_MIN_MS = 9_300;
const REST_MAX_MS = 9_900;
/** A beat that takes longer is missed: the database does not answer. */
const LATE_MS = 10_000;
/** As events name it. */
const HEARTBEAT = 'heartbeat';
/** How long a start waits for the first beat, which tells what is paused. */
const FIRST_MS = 5_000;

interface HeartbeatParts {
  readonly connection: string;
  readonly instance: string;
  readonly nodes: NodeStore;
  readonly pauses: PauseStore;
  readonly board: PauseBoard;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: MqEvents;
  readonly state: (loopLagMs: number) => NodeState;
}

/**
 * Tells every ten seconds that this connection of this process lives, and learns what is paused: one statement, and a second
 * one only when a pause has changed.
 *
 * States: *stopped* → `start` → *beating* (one beat at a time; a beat that fails or does not come back is reported, and the
 * next one comes all the same) → `stop` → *stopped*, with the row deleted. An outage is reported once, and the first beat after it
 * reports its end: a process that only publishes may have nothing else that would.
 */
export class Heartbeat {
  private readonly id = uuidV7();
  private readonly lag = new LoopLag();
  private stopping: AbortController | null = null;
  private loop: Promise<void> = Promise.resolve();
  private reading: Promise<void> = Promise.resolve();
  private version = 0;
  /** When the first beat was missed since the last that was not, on the monotonic clock. */
  private missedSince: number | null = null;

  constructor(private readonly parts: HeartbeatParts) {}

  /**
   * Begins. Resolves when the first beat is done, so that nothing starts that is paused; or after a few seconds without an
   * answer, since what starts then needs the same database.
   */
  async start(roles: readonly NodeRole[]): Promise<void> {
    if (this.stopping) return;
    const stopping = (this.stopping = new AbortController());
    this.lag.start();
    const first = this.beat(roles);
    this.loop = first.then(() => this.run(roles, stopping.signal));
    await Deadline.in(this.parts.clock, FIRST_MS).covers(first);
  }

  /** Reads the pauses now: somebody has changed one. One reading at a time, so that the last answer is the newest. */
  readPauses(): Promise<void> {
    const reading = this.reading.then(() => this.readNow());
    this.reading = reading.catch(() => undefined);
    return reading;
  }

  /** Ends it, and deletes the row. Resolves when that is done; how long it takes is up to the database. */
  async stop(): Promise<void> {
    if (!this.stopping) return;
    this.stopping.abort();
    this.stopping = null;
    this.lag.stop();
    this.parts.board.stop();
    await this.loop;
    try {
      await this.parts.nodes.leave(this.id);
    } catch (error) {
      this.miss(error);
    }
  }

  private async run(roles: readonly NodeRole[], signal: AbortSignal): Promise<void> {
    const { clock, random } = this.parts;
    while (!signal.aborted) {
      await clock.sleep(between(REST_MIN_MS, REST_MAX_MS, random), signal);
      if (!signal.aborted) await this.beat(roles);
    }
  }

  private async beat(roles: readonly NodeRole[]): Promise<void> {
    const { clock } = this.parts;
    const cancelLate = clock.schedule(LATE_MS, () => this.miss(new Error(`no answer for ${LATE_MS} ms`)));
    try {
      await this.write(roles);
      this.recovered();
    } catch (error) {
      this.miss(error);
    } finally {
      cancelLate();
    }
  }

  private async write(roles: readonly NodeRole[]): Promise<void> {
    const { connection, instance, nodes, clock, state } = this.parts;
    const node = { id: this.id, connection, instance, version: VERSION, roles, state: state(this.lag.takeMs()) };
    const version = await nodes.beat(node, () => clock.now());
    if (version !== this.version) await this.readPauses();
  }

  private async readNow(): Promise<void> {
    const { pauses, board, connection } = this.parts;
    const read = await pauses.list(connection);
    this.version = read.version;
    board.update(read.pauses);
  }

  private miss(error: unknown): void {
    if (this.missedSince !== null) return;
    this.missedSince = this.parts.clock.monotonic();
    reportDatabaseFailure(this.parts.events, HEARTBEAT, error);
  }

  private recovered(): void {
    if (this.missedSince === null) return;
    const failedMs = Math.round(this.parts.clock.monotonic() - this.missedSince);
    this.missedSince = null;
    this.parts.events.emit('loop.recovered', { loop: HEARTBEAT, failedMs });
  }
}
