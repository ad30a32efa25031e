import { bodyBytes } from '../../message/body.js';
import type { Clock } from '../../runtime/clock.js';
import { deferred } from '../../runtime/deferred.js';
import type { DeliveryRun } from '../delivery/delivery-run.js';
import type { BatchPolicy } from '../handlers/batch-policy.js';

/** Bodies that one batch holds, about. A thousand of 4 MB would be the whole memory of a small process. */
const MAX_BYTES = 16 * 1_048_576;
/** Share of what a lease can spare that a message waits for others here; the rest is for the wait for a slot and for locks. */
const SPARED_SHARE = 0.5;

/**
 * A batch that is being gathered. It is closed, once and for good, when it is full, when the first of its messages has waited
 * for as long as the policy says or as its lease can spare, and when the loop stops.
 */
export class Gathering<Handle> {
  private readonly runs: DeliveryRun<Handle>[] = [];
  private readonly end = deferred<readonly DeliveryRun<Handle>[]>();
  private bytes = 0;
  /** On the monotonic clock. */
  private closesAt = Infinity;
  private cancel = (): void => {};

  constructor(
    private readonly clock: Clock,
    private readonly policy: BatchPolicy,
    private readonly onClosed: () => void,
  ) {}

  get size(): number {
    return this.runs.length;
  }

  /** Resolves when it is closed, to what was gathered. */
  get closed(): Promise<readonly DeliveryRun<Handle>[]> {
    return this.end.promise;
  }

  add(run: DeliveryRun<Handle>): void {
    const { lease, message } = run.delivery;
    this.runs.push(run);
    this.bytes += bodyBytes(message.body).length;
    if (this.size >= this.policy.size || this.bytes >= MAX_BYTES) this.close();
    else this.closeIn(Math.min(this.policy.waitMs, lease.spareMs * SPARED_SHARE));
  }

  close(): void {
    this.cancel();
    this.onClosed();
    this.end.resolve(this.runs);
  }

  /** The first wait counts, and a later message whose lease is shorter. */
  private closeIn(ms: number): void {
    const at = this.clock.monotonic() + Math.max(0, ms);
    if (at >= this.closesAt) return;
    this.closesAt = at;
    this.cancel();
    this.cancel = this.clock.schedule(Math.max(0, ms), () => this.close());
  }
}
