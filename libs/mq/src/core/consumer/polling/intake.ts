import { describeError } from '../../errors/describe-error.js';
import type { DeliveryRef } from '../../events/event-map.js';
import { runBatch } from '../batch/batch-run.js';
import { Gatherer } from '../batch/gatherer.js';
import type { DeliveryRun, StepResult } from '../delivery/delivery-run.js';
import type { ConsumerContext } from '../state/consumer-context.js';
import type { RegisteredHandler } from '../handlers/handler.js';
import type { GroupState } from '../state/group-state.js';

interface Arrived<Handle> {
  readonly run: DeliveryRun<Handle>;
  /** Slot of the group, requested on arrival: a delivery that has been fetched counts as having one, also while it waits. */
  readonly slot: Promise<(() => void) | null>;
}

/**
 * Runs the deliveries that one poll loop has fetched. Every delivery takes a slot of its group on arrival and one of all
 * groups when it runs, so there are never more deliveries in progress than slots.
 *
 * Those of a handler of batches are gathered first, and then share one slot. What comes out of a batch undone takes its own, like any other.
 *
 * With ordering, deliveries of one key wait in a lane: one after another, as the broker returned them. After the first
 * that does not end acknowledged, the rest of the lane is left to the broker, behind the one that failed.
 */
export class Intake<Handle> {
  private readonly tasks = new Set<Promise<unknown>>();
  private readonly lanes = new Map<string, Arrived<Handle>[]>();
  private readonly runs = new Set<DeliveryRun<Handle>>();
  /** Those that have a slot, and since when on the monotonic clock. */
  private readonly started = new Map<DeliveryRun<Handle>, number>();

  private readonly gatherer: Gatherer<Handle>;

  constructor(
    private readonly context: ConsumerContext<Handle>,
    private readonly group: GroupState,
    /** Called when nothing is in progress any more. */
    private readonly onIdle: () => void,
  ) {
    this.gatherer = new Gatherer(context.clock, (closed, handler) =>
      this.track(closed.then((runs) => this.workBatch(runs, handler))),
    );
  }

  /** Number of deliveries that run or wait for a slot. */
  get inProgress(): number {
    return this.runs.size;
  }

  /** Messages that are worked on, and for how long. */
  get running(): { messageId: string; runningMs: number }[] {
    const now = this.context.clock.monotonic();
    return [...this.started].map(([{ ref }, since]) => ({ messageId: ref.messageId, runningMs: now - since }));
  }

  /** What runs or waits for a slot. */
  get deliveries(): DeliveryRef[] {
    return [...this.runs].map(({ ref }) => ref);
  }

  /** Messages in the fullest batch that is being gathered. */
  get gathered(): number {
    return this.gatherer.fullest;
  }

  /** Takes it into the next batch of this handler. */
  gather(run: DeliveryRun<Handle>, handler: RegisteredHandler<Handle>): void {
    this.runs.add(run);
    this.gatherer.add(run, handler);
  }

  /** Handles what was gathered now. Nothing more comes. */
  stopGathering(): void {
    this.gatherer.close();
  }

  /** @param lane the ordering key, where order is to be kept */
  take(run: DeliveryRun<Handle>, lane: string | null): void {
    const arrived = this.arrive(run);
    this.runs.add(run);
    if (lane === null) return this.track(this.work(arrived));
    const waiting = this.lanes.get(lane);
    if (waiting) {
      waiting.push(arrived);
    } else {
      this.lanes.set(lane, [arrived]);
      this.track(this.workLane(lane));
    }
  }

  /** Resolves when nothing is in progress. Deliveries held in memory are not: call the group's `held.returnAll()` before. */
  async whenIdle(): Promise<void> {
    while (this.tasks.size > 0) await Promise.all(this.tasks);
  }

  private arrive(run: DeliveryRun<Handle>): Arrived<Handle> {
    return { run, slot: this.group.slots.acquire(this.context.giveUp) };
  }

  private async workLane(lane: string): Promise<void> {
    const waiting = this.lanes.get(lane)!;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if ((await this.work(next)) === 'done') continue;
      // All at once: one after the other, each would keep its slot for a timeout where the broker is frozen.
      await Promise.all(waiting.splice(0).map((behind) => this.leave(behind)));
    }
    this.lanes.delete(lane);
  }

  private async leave({ run, slot }: Arrived<Handle>): Promise<void> {
    await run.leave('order');
    this.ended([run]);
    void slot.then((release) => release?.());
  }

  private async work({ run, slot }: Arrived<Handle>): Promise<StepResult['kind']> {
    this.runs.add(run);
    const step = this.inSlot([run], slot, (has) => (has ? run.step() : run.leave('shutdown')));
    const result = await step.catch((error: unknown) => this.reportBug(run, error));
    this.ended([run]);
    if (result.kind === 'again') {
      this.group.held.hold(
        run.ref,
        result.inMs,
        () => this.track(this.work(this.arrive(run))),
        () => this.track(run.leave('shutdown')),
      );
    }
    return result.kind;
  }

  private async workBatch(runs: readonly DeliveryRun<Handle>[], handler: RegisteredHandler<Handle>): Promise<void> {
    const batch = this.inSlot(runs, this.group.slots.acquire(this.context.giveUp), async (has) => {
      if (has) return runBatch(handler, runs);
      await Promise.all(runs.map((run) => run.leave('shutdown')));
      return [];
    });
    const alone = await batch.catch((error: unknown) => {
      this.reportBug(runs[0]!, error);
      return [];
    });
    this.ended(runs);
    for (const run of alone) this.track(this.work(this.arrive(run)));
  }

  /** @param work told whether there is a slot: not once shutdown has stopped waiting */
  private async inSlot<T>(
    runs: readonly DeliveryRun<Handle>[],
    slot: Arrived<Handle>['slot'],
    work: (has: boolean) => Promise<T>,
  ): Promise<T> {
    const { clock, inFlight, giveUp } = this.context;
    const releaseGroup = await slot;
    const since = clock.monotonic();
    const releaseAll = await inFlight.acquire(giveUp);
    const now = clock.monotonic();
    for (const run of runs) this.started.set(run, now);
    try {
      return await work(releaseGroup !== null && releaseAll !== null);
    } finally {
      for (const run of runs) this.started.delete(run);
      this.group.pace.ended(clock.monotonic() - since);
      releaseAll?.();
      releaseGroup?.();
    }
  }

  private ended(runs: readonly DeliveryRun<Handle>[]): void {
    for (const run of runs) this.runs.delete(run);
    if (this.runs.size === 0) this.onIdle();
  }

  /** A step never rejects. If it does by a mistake of ours, the broker still has the message, and the loop goes on. */
  private reportBug({ ref }: DeliveryRun<Handle>, error: unknown): StepResult {
    const { message } = describeError(error);
    const loop = `consumer:${ref.topic}/${ref.group}`;
    this.context.events.emit('loop.failed', { loop, error: { code: 'MQ_HANDLER_FAILED', message, cause: error } });
    return { kind: 'left' };
  }

  private track(task: Promise<unknown>): void {
    this.tasks.add(task);
    void task.finally(() => this.tasks.delete(task));
  }
}
