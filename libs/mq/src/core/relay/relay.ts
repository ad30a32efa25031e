import { randomUUID } from 'node:crypto';
import type { ResolvedOptions } from '../config/resolved-options.js';
import type { MqEvents } from '../events/event-bus.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import type { Clock } from '../runtime/clock.js';
import type { Deadline } from '../runtime/deadline.js';
import type { Random } from '../runtime/random.js';
import type { LeaseRequest } from '../store/outbox-row.js';
import type { OutboxStore } from '../store/outbox-store.js';
import { BatchSender } from './batch-sender.js';
import { Circuit } from './circuit.js';
import { ImmediateSender } from './immediate-sender.js';
import { Lanes } from './lanes.js';
import { OrphanWatch } from './orphan-watch.js';
import { Marker } from './marker.js';
import { MemoryBudget } from './memory-budget.js';
import { recordOutages } from './outage-recorder.js';
import { Pruner } from './pruner.js';
import { RelayLoop } from './relay-loop.js';
import { RelayTick } from './relay-tick.js';
import { RowSettler } from './row-settler.js';
import { Sender } from './sender.js';
import { StrandedSweep } from './stranded-sweep.js';

export interface RelayDependencies {
  readonly options: ResolvedOptions;
  readonly store: OutboxStore<never>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: MqEvents;
  /** Which process, for people. */
  readonly instance: string;
}

/**
 * Everything between the outbox and the broker, put together: the only place where both are known.
 *
 * Two paths lead to the sender: the immediate one, right after a commit of this process, and the loop, which finds what
 * the first one missed. They share the circuit, the limit of sends under way and the marks.
 */
export class Relay {
  readonly circuit: Circuit;
  readonly immediate: ImmediateSender;
  readonly loop: RelayLoop;
  readonly pruner: Pruner;
  readonly stranded: StrandedSweep;
  readonly orphans: OrphanWatch;
  readonly lanes: Lanes;
  private readonly sender: Sender;
  private readonly batches: BatchSender;
  private readonly marker: Marker;
  private readonly settler: RowSettler;
  private readonly forget: (() => void)[] = [];

  constructor(private readonly deps: RelayDependencies) {
    const { options, store, clock, random, events, instance } = deps;
    const newLease = (): LeaseRequest => this.newLease();
    this.circuit = new Circuit(clock, random, events, (ids) => this.refund(ids));
    this.lanes = new Lanes(options);
    const budget = new MemoryBudget(options.reproduce.memoryBytes);
    this.marker = new Marker(store, newLease, budget, events);
    const settler = new RowSettler(options, store, this.circuit, events, instance);
    this.settler = settler;
    this.sender = new Sender(options, this.lanes, clock, this.circuit, this.marker, settler, events);
    this.batches = new BatchSender(store, this.sender, this.marker, clock, random, budget, options, events);
    this.immediate = new ImmediateSender(store, this.batches, budget, clock, events, () => this.loop.wake());
    const tick = new RelayTick(options, store, this.batches, this.circuit, this.lanes, budget, clock, newLease);
    this.loop = new RelayLoop(options, store, tick, this.circuit, this.lanes, budget, clock, random, events);
    this.pruner = new Pruner(options.retention, store, clock, random, events);
    this.stranded = new StrandedSweep(store, clock, random, events);
    this.orphans = new OrphanWatch(store, this.lanes, clock, events);
    this.forget.push(
      recordOutages(events, settler, instance),
      events.on('circuit.closed', () => this.loop.wake()),
    );
  }

  newLease(): LeaseRequest {
    return { token: randomUUID(), owner: this.deps.instance, ms: this.deps.options.reproduce.leaseMs };
  }

  /** Lets keys go on whose first row was taken away. Only `stop` waits for that: behind a key may stand any number of rows. */
  release(openKeys: readonly string[]): void {
    for (const openKey of new Set(openKeys)) void this.batches.follow(openKey);
    this.loop.wake();
  }

  /**
   * Stops claiming, waits for what is on the wire until `deadline`, ends it then, and gives the rest back. How long that takes
   * is up to the database: whoever cannot wait for it has to bound that.
   */
  async stop(deadline: Deadline): Promise<void> {
    this.batches.stop();
    const cut = deadline.onReached(() => this.sender.stop());
    const loops = [this.pruner, this.stranded, this.orphans, this.loop, this.immediate];
    await Promise.allSettled(loops.map((loop) => loop.stop()));
    await this.batches.idle();
    cut();
    await this.marker.idle();
    for (const unsubscribe of this.forget) unsubscribe();
  }

  /** Attempts that were counted before the circuit knew better. Fails silently: then they stay counted. */
  private refund(ids: readonly string[]): void {
    const times = new Map<string, number>();
    for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
    const rounds = Math.max(...times.values());
    void (async () => {
      // Only what is written down as counted can be taken off again.
      await this.settler.idle();
      for (let round = 1; round <= rounds; round++) {
        await this.deps.store.refund([...times].filter(([, count]) => count >= round).map(([id]) => id));
      }
    })().catch((error: unknown) => reportDatabaseFailure(this.deps.events, 'refund', error));
  }
}
