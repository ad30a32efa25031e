import { describeError } from '../errors/describe-error.js';
import type { ConsumerContext } from './consumer-context.js';
import type { DeliveryRun, StepResult } from './delivery-run.js';
import type { GroupState } from './group-state.js';

type Place = Promise<(() => void) | null>;

interface Arrived<Handle> {
  readonly run: DeliveryRun<Handle>;
  /** Its place in the group, asked for on arrival: what has been fetched counts as taken, also while it waits. */
  readonly place: Place;
}

/**
 * What one poll loop has fetched and not finished. Every delivery takes a place of its group on arrival and one of all
 * groups when it runs, so there is never more in hand than there are places.
 *
 * With ordering, deliveries of one key stand in a lane: one after another, as the broker returned them. At the first
 * that does not end acknowledged, the rest of the lane is left to the broker, behind the one that failed.
 */
export class Intake<Handle> {
  private readonly tasks = new Set<Promise<unknown>>();
  private readonly lanes = new Map<string, Arrived<Handle>[]>();
  private readonly runs = new Set<DeliveryRun<Handle>>();

  constructor(
    private readonly context: ConsumerContext<Handle>,
    private readonly group: GroupState,
  ) {}

  /** Deliveries that run or wait for a place. */
  get inHand(): number {
    return this.runs.size;
  }

  /** @param lane the ordering key, where order is to be kept */
  take(run: DeliveryRun<Handle>, lane: string | null): void {
    const arrived = { run, place: this.group.slots.acquire(this.context.giveUp) };
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

  /** Resolves when nothing is in hand any more. What is held in memory is not: close the group's `held` first. */
  async settled(): Promise<void> {
    while (this.tasks.size > 0) await Promise.all(this.tasks);
  }

  private async workLane(lane: string): Promise<void> {
    const waiting = this.lanes.get(lane)!;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if ((await this.work(next)) === 'done') continue;
      // All at once: one after the other would keep their places, where the broker is frozen, for a timeout each.
      await Promise.all(waiting.splice(0).map((behind) => this.leave(behind)));
    }
    this.lanes.delete(lane);
  }

  private async leave({ run, place }: Arrived<Handle>): Promise<void> {
    await run.leave('order');
    this.runs.delete(run);
    void place.then((release) => release?.());
  }

  private async work({ run, place }: Arrived<Handle>): Promise<StepResult['kind']> {
    this.runs.add(run);
    const result = await this.inPlace(place, run).catch((error: unknown) => this.left(run, error));
    this.runs.delete(run);
    if (result.kind === 'again') {
      this.group.held.hold(
        result.inMs,
        () => this.track(this.work({ run, place: this.group.slots.acquire(this.context.giveUp) })),
        () => this.track(run.leave('shutdown')),
      );
    }
    return result.kind;
  }

  private async inPlace(place: Place, run: DeliveryRun<Handle>): Promise<StepResult> {
    const releaseGroup = await place;
    const releaseAll = await this.context.inFlight.acquire(this.context.giveUp);
    try {
      return releaseGroup && releaseAll ? await run.step() : await run.leave('shutdown');
    } finally {
      releaseAll?.();
      releaseGroup?.();
    }
  }

  /** A step never rejects. Should one do so for a mistake of ours, the broker still has the message, and the loop goes on. */
  private left({ ref }: DeliveryRun<Handle>, error: unknown): StepResult {
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
