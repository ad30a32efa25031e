import type { ResolvedOptions } from '../config/resolved-options.js';
import type { Clock } from '../runtime/clock.js';
import type { LeaseRequest, LeasedRow } from '../store/outbox-row.js';
import type { OutboxStore } from '../store/outbox-store.js';
import type { BatchSender } from './batch-sender.js';
import type { Circuit } from './circuit.js';
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
  /** Rows that are not settled yet. */
  pending(): number;
  readonly done: Promise<TickResult>;
}

/**
 * One bounded pass over what is due: claim, send, settle. No timer, no loop, so that it can be tested by itself and run
 * by hand. Claiming is awaited, sending is not: the loop claims the next batch while this one is on the wire.
 *
 * While the connection's circuit is open a pass claims one row, the probe, and only when the next probe is due; a
 * topic's circuit leaves its rows alone and has them probed the same way.
 */
export class RelayTick {
  constructor(
    private readonly options: ResolvedOptions,
    private readonly store: OutboxStore<never>,
    private readonly batches: BatchSender,
    private readonly circuit: Circuit,
    private readonly clock: Clock,
    private readonly newLease: () => LeaseRequest,
  ) {}

  async start(): Promise<RunningTick> {
    const rows: LeasedRow[] = [];
    const askedAt = this.clock.monotonic();
    if (this.circuit.connectionOpen) {
      if (this.circuit.nextProbeInMs() === 0) rows.push(...(await this.claimProbe()));
    } else {
      // Probes first: a claim of everything else must not be what finds their topics closed.
      for (const topic of this.circuit.dueTopics()) rows.push(...(await this.claim(1, { onlyTopic: topic })));
      rows.push(...(await this.claim(this.options.reproduce.batch)));
    }
    return this.send(rows, leaseDeadline(askedAt, this.options));
  }

  /**
   * Of the connection: rather of a topic that nothing else is said against, which would be what it fails for. Were only
   * rows of closed topics left, nobody would ask at all.
   */
  private async claimProbe(): Promise<LeasedRow[]> {
    const { openTopics } = this.circuit;
    const rows = openTopics.length === 0 ? [] : await this.claim(1);
    return rows.length > 0 ? rows : this.claim(1, { exceptTopics: [] });
  }

  private claim(
    limit: number,
    which: { readonly exceptTopics: readonly string[] } | { readonly onlyTopic: string } = {
      exceptTopics: this.circuit.openTopics,
    },
  ): Promise<LeasedRow[]> {
    return this.store.claim({ limit, lease: this.newLease(), exceptTopics: [], ...which });
  }

  private send(rows: readonly LeasedRow[], deadline: number): RunningTick {
    const result: TickResult = { claimed: rows.length, sent: 0, rescheduled: 0, dead: 0 };
    let pending = rows.length;
    const done = this.batches
      .send(rows, deadline, (_row, { status }) => {
        pending--;
        if (status === 'sent') result.sent++;
        else if (status === 'dead') result.dead++;
        else result.rescheduled++;
      })
      .then(
        () => result,
        (error: unknown) => {
          pending = 0;
          throw error;
        },
      );
    // Whoever awaits `done` sees the error; that nobody does yet is no reason to end the process.
    done.catch(() => undefined);
    return { claimed: rows.length, pending: () => pending, done };
  }
}
