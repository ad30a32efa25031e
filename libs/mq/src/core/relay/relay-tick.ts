import type { ResolvedOptions } from '../config/resolved-options.js';
import type { Clock } from '../runtime/clock.js';
import type { LeaseRequest, LeasedRow } from '../store/outbox-row.js';
import type { Lane, OutboxStore } from '../store/outbox-store.js';
import type { BatchSender, Settled } from './batch-sender.js';
import type { Circuit } from './circuit.js';
import type { Lanes } from './lanes.js';
import type { MemoryBudget } from './memory-budget.js';
import type { SendResult } from './send-result.js';
import { leaseDeadline } from './sender.js';

/** What one pass did. */
export interface TickResult {
  claimed: number;
  sent: number;
  rescheduled: number;
  dead: number;
}

/** A pass whose rows are leased and under way. */
export interface RunningTick {
  readonly claimed: number;
  /** More was due than this pass took. */
  readonly more: boolean;
  /** Rows that are not settled yet. */
  pending(): number;
  readonly done: Promise<TickResult>;
}

/** Claims for the pass that is being made. Answers how many rows came. */
type Claim = (lanes: readonly Lane[], limit: number) => Promise<number>;

/**
 * One bounded pass over what is due: claim, send, settle. No timer, no loop, so that it can be tested by itself and run
 * by hand. Claiming is awaited, sending is not: the loop claims the next batch while this one is on the wire.
 *
 * While the connection's circuit is open a pass claims one row, the probe, and only when the next probe is due; a
 * topic's circuit leaves its lanes out and has them probed the same way.
 *
 * Claims begin with what has been due for longest. When most of that stands behind an older message of its key, as after an
 * outage in which one key gathered a million rows, every second claim takes what became due last: those are put to sleep by
 * and by, and nobody else's messages wait for it.
 */
export class RelayTick {
  /** Most of what a claim from the old end brought last had to be put to sleep. */
  private crowded = false;
  private young = false;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly store: OutboxStore<never>,
    private readonly batches: BatchSender,
    private readonly circuit: Circuit,
    private readonly lanes: Lanes,
    private readonly budget: MemoryBudget,
    private readonly clock: Clock,
    private readonly newLease: () => LeaseRequest,
  ) {}

  async start(): Promise<RunningTick> {
    const askedAt = this.clock.monotonic();
    const rows: LeasedRow[] = [];
    let more = false;
    this.young = this.crowded && !this.young;
    const end = this.young ? 'youngest' : 'oldest';
    const claim: Claim = async (lanes, limit) => {
      const before = rows.length;
      await this.budget.fill(async (bytes) => {
        const claimed = await this.store.claim({ lanes, limit, bytes, end, lease: this.newLease() });
        rows.push(...claimed.rows);
        more = claimed.more;
        return claimed.rows;
      });
      return rows.length - before;
    };
    try {
      await this.claimWith(claim);
    } catch (error) {
      this.budget.free(rows);
      throw error;
    }
    return this.send(rows, more, leaseDeadline(askedAt, this.options), end);
  }

  private async claimWith(claim: Claim): Promise<void> {
    if (this.circuit.connectionOpen) {
      if (this.circuit.nextProbeInMs() === 0) await this.claimProbe(claim);
    } else {
      // Probes first: a claim of everything else must not be what finds their topics closed.
      for (const topic of this.circuit.dueTopics()) await claim(this.lanes.of(topic), 1);
      await claim(this.lanes.except(this.circuit.openTopics), this.options.reproduce.batch);
    }
  }

  /**
   * Of the connection: rather of a topic that nothing else is said against, which would be what it fails for. Were only
   * rows of closed topics left, nobody would ask at all.
   */
  private async claimProbe(claim: Claim): Promise<void> {
    const { openTopics } = this.circuit;
    const claimed = openTopics.length === 0 ? 0 : await claim(this.lanes.except(openTopics), 1);
    if (claimed === 0) await claim(this.lanes.all, 1);
  }

  private send(rows: readonly LeasedRow[], more: boolean, deadline: number, end: 'oldest' | 'youngest'): RunningTick {
    const claimed = rows.length;
    const result: TickResult = { claimed, sent: 0, rescheduled: 0, dead: 0 };
    let pending = claimed;
    let asleep = 0;
    const settled = this.settle(rows, deadline, ({ status }, sleeps) => {
      pending--;
      if (status === 'sent') result.sent++;
      else if (status === 'dead') result.dead++;
      else {
        result.rescheduled++;
        if (sleeps) asleep++;
        // At once: what the broker must answer may take long.
        if (end === 'oldest' && asleep > claimed / 2) this.crowded = true;
      }
    }).finally(() => {
      pending = 0;
      if (end === 'oldest') this.crowded = asleep > claimed / 2;
    });
    const done = settled.then(({ followed }) => followed).then(() => result);
    // Whoever awaits `done` sees the error; that nobody does yet is no reason to end the process.
    done.catch(() => undefined);
    return { claimed, more, pending: () => pending, done };
  }

  /** Apart from `send`, whose closures live until the last follower is sent, and would keep the rows until then. */
  private async settle(
    rows: readonly LeasedRow[],
    deadline: number,
    onResult: (result: SendResult, sleeps: boolean) => void,
  ): Promise<Settled> {
    try {
      return await this.batches.send(rows, deadline, (_row, result) =>
        onResult(result, result.status === 'pending' && result.asleep === true),
      );
    } finally {
      this.budget.free(rows);
    }
  }
}
