import type { Clock } from '../../runtime/clock.js';
import type { DeliveryRun } from '../delivery/delivery-run.js';
import type { RegisteredHandler } from '../handlers/handler.js';
import { Gathering } from './gathering.js';

/** Gathers deliveries into batches for the handlers of one poll loop. */
export class Gatherer<Handle> {
  private readonly open = new Map<RegisteredHandler<Handle>, Gathering<Handle>>();

  constructor(
    private readonly clock: Clock,
    /** Called with what becomes of each batch that begins. */
    private readonly began: (closed: Gathering<Handle>['closed'], handler: RegisteredHandler<Handle>) => void,
  ) {}

  /** Messages in the fullest batch that is not closed yet. */
  get fullest(): number {
    return Math.max(0, ...[...this.open.values()].map(({ size }) => size));
  }

  add(run: DeliveryRun<Handle>, handler: RegisteredHandler<Handle>): void {
    (this.open.get(handler) ?? this.begin(handler)).add(run);
  }

  /** Closes all of them, for a loop that stops. */
  close(): void {
    for (const gathering of this.open.values()) gathering.close();
  }

  private begin(handler: RegisteredHandler<Handle>): Gathering<Handle> {
    const gathering = new Gathering<Handle>(this.clock, handler.batch!, () => void this.open.delete(handler));
    this.open.set(handler, gathering);
    this.began(gathering.closed, handler);
    return gathering;
  }
}
