import type { MqEvents } from '../events/event-bus.js';
import type { Clock } from '../runtime/clock.js';
import type { MqPause, PauseState, PauseTarget } from '../store/pause-store.js';

interface Known {
  readonly pause: PauseState;
  /** When it ends, on the monotonic clock. */
  readonly endsAt: number;
}

/**
 * What is paused for all processes, as this one knows it: the heartbeat and the admin service read it from the database.
 * Pauses end here by themselves when their time is over, whether or not the database can be asked then.
 *
 * A topic is paused by its name at the broker: the aliases of one topic share their rows' place in the outbox.
 */
export class PauseBoard {
  private known = new Map<string, Known>();
  private cancelTimer: () => void = () => undefined;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly clock: Clock,
    private readonly events: MqEvents,
  ) {}

  isPaused(target: PauseTarget): boolean {
    return this.isOn(this.known.get(target));
  }

  /** @param topic as the broker calls it */
  isTopicPaused(topic: string): boolean {
    for (const one of this.known.values()) if (one.pause.topic === topic && this.isOn(one)) return true;
    return false;
  }

  /** What is paused now. */
  get pauses(): MqPause[] {
    return this.on;
  }

  /** Calls `listener` after each change. Returns the function that removes it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** What the database says now, whole. */
  update(pauses: readonly PauseState[]): void {
    const now = this.clock.monotonic();
    const before = this.known;
    this.known = new Map(
      pauses.map((pause) => [pause.target, { pause, endsAt: pause.leftMs === null ? Infinity : now + pause.leftMs }]),
    );
    const changed = pauses.filter(({ target }) => this.isOn(before.get(target)) !== this.isOn(this.known.get(target)));
    this.wait();
    this.tell(changed.map((pause) => ({ ...pause, paused: this.isOn(this.known.get(pause.target)) })));
  }

  /** Forgets the timer. Nothing ends by itself any more. */
  stop(): void {
    this.cancelTimer();
  }

  private get on(): PauseState[] {
    return [...this.known.values()].filter((one) => this.isOn(one)).map(({ pause }) => pause);
  }

  private isOn(known: Known | undefined): boolean {
    return known !== undefined && known.pause.paused && known.endsAt > this.clock.monotonic();
  }

  /** For the next end. A clock may fire a little early, or long before a far end: then it waits again. */
  private wait(): void {
    this.cancelTimer();
    const ends = [...this.known.values()].filter(({ pause }) => pause.paused).map(({ endsAt }) => endsAt);
    const next = Math.min(...ends);
    if (next === Infinity) return;
    this.cancelTimer = this.clock.schedule(Math.max(1, next - this.clock.monotonic()), () => this.endSome());
  }

  private endSome(): void {
    const over: PauseState[] = [];
    for (const [target, known] of this.known) {
      if (!known.pause.paused || this.isOn(known)) continue;
      over.push({ ...known.pause, paused: false, reason: 'its time is over' });
      this.known.delete(target);
    }
    this.wait();
    this.tell(over);
  }

  private tell(changed: readonly PauseState[]): void {
    if (changed.length === 0) return;
    for (const listener of this.listeners) listener();
    for (const { target, paused, reason, actor } of changed)
      this.events.emit('pause.changed', { target, paused, reason, actor });
  }
}
