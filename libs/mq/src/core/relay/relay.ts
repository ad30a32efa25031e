import type { Deadline } from '../runtime/deadline.js';
import type { LeaseRequest } from '../store/outbox-row.js';
import { BatchSender } from './batch-sender.js';
import { Circuit } from './circuit/circuit.js';
import { OutcomeJudge } from './circuit/outcome-judge.js';
import { FailureRecorder } from './failure-recorder.js';
import { ImmediateSender } from './immediate-sender.js';
import { Lanes } from './lanes.js';
import { newLease } from './lease.js';
import { Marker } from './marker.js';
import { MemoryBudget } from './memory-budget.js';
import { OrphanWatch } from './orphan-watch.js';
import { Pruner } from './pruner.js';
import type { RelayContext, RelayDependencies } from './relay-context.js';
import { RelayLoop } from './relay-loop.js';
import { RelayTick } from './relay-tick.js';
import { Sender } from './sender.js';
import { StrandedSweep } from './stranded-sweep.js';

/**
 * Sends what is in the outbox to the broker: this class builds the parts of the relay and stops them in order.
 *
 * Two paths lead to the sender: `immediate`, right after a commit of this process, and `loop`, which finds what the first one
 * missed. They share the circuit, the limit of sends under way and the marks.
 */
export class Relay {
  readonly circuit: Circuit;
  readonly lanes: Lanes;
  readonly immediate: ImmediateSender;
  readonly loop: RelayLoop;
  readonly pruner: Pruner;
  readonly stranded: StrandedSweep;
  readonly orphans: OrphanWatch;
  private readonly context: RelayContext;
  private readonly sender: Sender;
  private readonly batches: BatchSender;
  private readonly marker: Marker;
  private readonly unsubscribe: (() => void)[];

  constructor(dependencies: RelayDependencies) {
    const { options, clock, random, events, pauses } = dependencies;
    this.circuit = new Circuit(clock, random, events);
    this.lanes = new Lanes(options, pauses);
    const budget = new MemoryBudget(options.reproduce.memoryBytes);
    const context: RelayContext = { ...dependencies, circuit: this.circuit, lanes: this.lanes, budget };
    this.context = context;
    const judge = new OutcomeJudge(this.circuit, clock, random, (ids) => void recorder.refund(ids));
    const recorder = new FailureRecorder(context, judge);
    this.marker = new Marker(context);
    this.sender = new Sender(context, judge, this.marker, recorder);
    this.batches = new BatchSender(context, this.sender, this.marker);
    this.immediate = new ImmediateSender(context, this.batches, () => this.loop.wake());
    this.loop = new RelayLoop(context, new RelayTick(context, this.batches));
    this.pruner = new Pruner(context);
    this.stranded = new StrandedSweep(context);
    this.orphans = new OrphanWatch(context);
    this.unsubscribe = [
      events.on('circuit.opened', ({ scope, error }) => void recorder.recordOutage(scope, error)),
      events.on('circuit.closed', () => this.loop.wake()),
      pauses.onChange(() => this.loop.wake()),
    ];
  }

  /** Ids of messages whose send has begun and has no result yet. */
  get onTheWire(): readonly string[] {
    return [...this.sender.onTheWire];
  }

  newLease(): LeaseRequest {
    return newLease(this.context.instance, this.context.options);
  }

  /** Lets keys go on whose first row was taken away. Only `stop` waits for that: behind a key may stand any number of rows. */
  release(orderKeys: readonly string[]): void {
    for (const orderKey of new Set(orderKeys)) void this.batches.follow(orderKey);
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
    await this.batches.whenIdle();
    cut();
    await this.marker.whenIdle();
    for (const unsubscribe of this.unsubscribe) unsubscribe();
  }
}
