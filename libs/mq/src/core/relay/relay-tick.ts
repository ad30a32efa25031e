import type { LeasedRow } from '../store/outbox-row.js';
import type { Lane } from '../store/outbox-store.js';
import type { BatchSender, SentBatch } from './batch-sender.js';
import { leaseDeadline, newLease } from './lease.js';
import type { RelayContext } from './relay-context.js';
import type { SendResult } from './send-result.js';

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
  /** Rows that have no result yet. */
  pending(): number;
  readonly done: Promise<TickResult>;
}

/** Claims for the pass that is being made. Answers how many rows came. */
type Claim = (lanes: readonly Lane[], limit: number) => Promise<number>;

/**
 * One bounded pass over what is due: claim, send, write down what came of it. No timer, no loop, so that it can be tested by
 * itself and run by hand. Claiming is awaited, sending is not: the loop claims the next batch while this one is on the wire.
 *
 * While the connection's circuit is open a pass claims one row, the probe, and only when the next probe is due. The lanes of
 * a topic whose circuit is open are left out, and probed in the same way.
 *
 * Claims begin with what has been due for longest. When most of that stands behind an older message of its key, as after an
 * outage in which one key gathered a million rows, every second claim takes what became due last: those are put to sleep over
 * time, and nobody else's messages wait for it.
 */
export class RelayTick {
  /** Most of what a claim from the old end brought last had to be put to sleep. */
  private crowded = false;
  private young = false;

  constructor(
    private readonly context: RelayContext,
    private readonly batches: BatchSender,
  ) {}

  async start(): Promise<RunningTick> {
    const { clock, budget, store, options, instance } = this.context;
    const askedAt = clock.monotonic();
    const rows: LeasedRow[] = [];
    let more = false;
    this.young = this.crowded && !this.young;
    const end = this.young ? 'youngest' : 'oldest';
    const claim: Claim = async (lanes, limit) => {
      const before = rows.length;
      await budget.fill(async (bytes) => {
        const claimed = await store.claim({ lanes, limit, bytes, end, lease: newLease(instance, options) });
        rows.push(...claimed.rows);
        more = claimed.more;
        return claimed.rows;
      });
      return rows.length - before;
    };
    try {
      await this.claimWith(claim);
    } catch (error) {
      budget.free(rows);
      throw error;
    }
    return this.send(rows, more, leaseDeadline(askedAt, options), end);
  }

  private async claimWith(claim: Claim): Promise<void> {
    const { circuit, lanes, options } = this.context;
    if (circuit.connectionOpen) {
      if (circuit.nextProbeInMs() === 0) await this.claimProbe(claim);
    } else {
      // Probes first: a claim of everything else must not be what finds their topics open.
      for (const topic of circuit.dueTopics()) await claim(lanes.of(topic), 1);
      await claim(lanes.except(circuit.openTopics), options.reproduce.batch);
    }
  }

  /**
   * Claims the probe of the connection. A row of an open topic could fail because of its topic, so one is claimed only if there
   * is no other: with none, nobody would find out that the broker is back.
   */
  private async claimProbe(claim: Claim): Promise<void> {
    const { circuit, lanes } = this.context;
    const { openTopics } = circuit;
    const claimed = openTopics.length === 0 ? 0 : await claim(lanes.except(openTopics), 1);
    if (claimed === 0) await claim(lanes.all, 1);
  }

  private send(rows: readonly LeasedRow[], more: boolean, deadline: number, end: 'oldest' | 'youngest'): RunningTick {
    const claimed = rows.length;
    const result: TickResult = { claimed, sent: 0, rescheduled: 0, dead: 0 };
    let pending = claimed;
    let asleep = 0;
    const sent = this.sendRows(rows, deadline, ({ status }, sleeps) => {
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
    const done = sent.then(({ followed }) => followed).then(() => result);
    // Whoever awaits `done` sees the error; that nobody does yet is no reason to end the process.
    done.catch(() => undefined);
    return { claimed, more, pending: () => pending, done };
  }

  /** Apart from `send`, whose closures live until the last follower is sent, and would keep the rows until then. */
  private async sendRows(
    rows: readonly LeasedRow[],
    deadline: number,
    onResult: (result: SendResult, sleeps: boolean) => void,
  ): Promise<SentBatch> {
    try {
      return await this.batches.send(rows, deadline, (_row, result) =>
        onResult(result, result.status === 'pending' && result.asleep === true),
      );
    } finally {
      this.context.budget.free(rows);
    }
  }
}
