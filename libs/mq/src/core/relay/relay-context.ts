import type { ResolvedOptions } from '../config/resolved-options.js';
import type { MqEvents } from '../events/event-bus.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { PauseBoard } from '../pauses/pause-board.js';
import type { OutboxStore } from '../store/outbox-store.js';
import type { Circuit } from './circuit/circuit.js';
import type { Lanes } from './lanes.js';
import type { MemoryBudget } from './memory-budget.js';

/** What the relay of one connection is made with. */
export interface RelayDependencies {
  readonly options: ResolvedOptions;
  readonly store: OutboxStore<never>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: MqEvents;
  /** What somebody has paused everywhere. */
  readonly pauses: PauseBoard;
  /** What else is to be deleted now and then. */
  readonly alsoPrune?: readonly (() => Promise<unknown>)[];
  /** Which process this is, for people that read the tables. */
  readonly instance: string;
}

/** What all parts of one connection's relay share. */
export interface RelayContext extends RelayDependencies {
  /** Breakers of the connection and its topics; only `OutcomeJudge` opens and closes them. */
  readonly circuit: Circuit;
  /** Rows that this process can send. */
  readonly lanes: Lanes;
  /** Memory for the payloads of all rows in hand. */
  readonly budget: MemoryBudget;
}
