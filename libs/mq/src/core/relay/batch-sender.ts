import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { between } from '../retry/backoff.js';
import { groupBy } from '../runtime/group-by.js';
import type { LeasedRow } from '../store/outbox-row.js';
import { leaseDeadline } from './lease.js';
import type { Marker } from './marker.js';
import type { RelayContext } from './relay-context.js';
import type { SendResult } from './send-result.js';
import type { Sender } from './sender.js';

/**
 * When a row that stands behind another one becomes due by itself. Nothing depends on that: it is woken when its turn comes,
 * and `StrandedSweep` finds it if that was lost. So the time is far ahead, because a row that wakes for nothing is work, and
 * spread, so that a million of them are 23 a second; and no row is ever without a time.
 */
const DEFER_MIN_MS = 12 * 3_600_000;
const DEFER_MAX_MS = 24 * 3_600_000;

/** A batch whose rows have all had their results. */
export interface SentBatch {
  /** Resolves when its keys have nothing more to send for now: with a key that others go on publishing to, any time. */
  readonly followed: Promise<unknown>;
}

/**
 * Sends rows that were leased together, keeping the order of each key.
 *
 * Rows without a key go side by side. Rows of one key go one after another: the *head check* finds those with an older
 * row elsewhere, which are put to sleep; the others follow each other, and at the first that is not sent the rest of
 * its key is put to sleep behind it. Whatever frees a key (a mark, a parked row that lets the key go on) is committed
 * first and then promotes: in one transaction with it, a marker and a process that goes to sleep would miss each other.
 * The row that a promotion wakes is leased by it, so a contended key does not wait for a poll. Once stopped, it is given
 * back at once instead of sent: a key that others go on publishing to has no last row.
 */
export class BatchSender {
  private stopped = false;
  private readonly chains = new Set<Promise<void>>();

  constructor(
    private readonly context: RelayContext,
    private readonly sender: Sender,
    private readonly marker: Marker,
  ) {}

  /** From now on nothing is taken up besides what was given to {@link send}. */
  stop(): void {
    this.stopped = true;
  }

  /** Resolves when no key is followed any more. */
  async whenIdle(): Promise<void> {
    while (this.chains.size > 0) await Promise.all(this.chains);
  }

  /**
   * Resolves when every row has its result. `onResult` is called as each of `rows` is; rows that were woken on the way are
   * sent as well, and not reported. Those are not waited for: a key may go on for as long as it likes, and the memory of
   * `rows` must not be kept for that.
   */
  async send(
    rows: readonly LeasedRow[],
    deadline: number,
    onResult: (row: LeasedRow, result: SendResult) => void,
  ): Promise<SentBatch> {
    const chains: Promise<void>[] = [];
    const free: LeasedRow[] = [];
    const ordered: LeasedRow[] = [];
    for (const row of rows) (row.orderKey === null ? free : ordered).push(row);
    const work = free.map(async (row) => onResult(row, await this.sender.send(row, deadline)));
    if (ordered.length > 0) work.push(this.sendOrdered(ordered, deadline, onResult, chains));
    await allEnded(work);
    return { followed: Promise.all(chains) };
  }

  private async sendOrdered(
    rows: readonly LeasedRow[],
    deadline: number,
    onResult: (row: LeasedRow, result: SendResult) => void,
    chains: Promise<void>[],
  ): Promise<void> {
    const blocked = await this.context.store.blocked(
      rows.map(({ id, orderKey, seq }) => ({ id, orderKey: orderKey!, seq })),
    );
    await allEnded(
      [...groupBy(rows, (row) => row.orderKey!)].map(async ([orderKey, ofKey]) => {
        ofKey.sort(bySeq);
        // Whatever is younger than a blocked row of its key waits behind it too.
        const firstBlocked = ofKey.findIndex((row) => blocked.has(row.id));
        const goes = firstBlocked < 0 ? ofKey : ofKey.slice(0, firstBlocked);
        const waits = firstBlocked < 0 ? [] : ofKey.slice(firstBlocked);
        const stopped = await this.sendInTurn(goes, deadline, onResult);
        await this.defer([...stopped, ...waits], onResult);
        chains.push(this.follow(orderKey));
      }),
    );
  }

  /** Sends until one is not sent; answers the rows after it. */
  private async sendInTurn(
    rows: readonly LeasedRow[],
    deadline: number,
    onResult: (row: LeasedRow, result: SendResult) => void,
  ): Promise<LeasedRow[]> {
    for (const [i, row] of rows.entries()) {
      const result = await this.sender.send(row, deadline);
      onResult(row, result);
      // A dead row either freed its key, then the next may go as soon as a promotion finds it at the head, or blocks it.
      if (result.status !== 'sent') return rows.slice(i + 1);
    }
    return [];
  }

  private async defer(
    rows: readonly LeasedRow[],
    onResult: (row: LeasedRow, result: SendResult) => void,
  ): Promise<void> {
    if (rows.length === 0) return;
    const delayMs = between(DEFER_MIN_MS, DEFER_MAX_MS, this.context.random);
    await this.context.store.defer(
      rows.map(({ id, leaseToken }) => ({ id, token: leaseToken })),
      Math.round(delayMs),
    );
    for (const row of rows) onResult(row, { status: 'pending', delayMs, asleep: true });
  }

  /** Promotes the key and sends what wakes up, until nothing does. Never rejects. */
  follow(orderKey: string): Promise<void> {
    const chain = this.sendWoken(orderKey)
      .catch((error: unknown) => reportDatabaseFailure(this.context.events, 'follow', error))
      .finally(() => this.chains.delete(chain));
    this.chains.add(chain);
    return chain;
  }

  private async sendWoken(orderKey: string): Promise<void> {
    for (;;) {
      const askedAt = this.context.clock.monotonic();
      let woken: LeasedRow | null;
      try {
        woken = await this.marker.promote(orderKey);
      } catch (error) {
        // The sweep wakes the sleeper, later.
        reportDatabaseFailure(this.context.events, 'promote', error);
        return;
      }
      if (woken === null) return;
      try {
        if (this.stopped) {
          // Awake it stays: another process takes it at its next poll.
          await this.sender.giveBack(woken);
          return;
        }
        await this.sender.send(woken, leaseDeadline(askedAt, this.context.options));
      } finally {
        this.context.budget.free([woken]);
      }
    }
  }
}

/** Rejects like `Promise.all`, but only when all have ended: whoever waits must not take what is on the wire for done. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

function bySeq(a: LeasedRow, b: LeasedRow): number {
  const left = BigInt(a.seq);
  const right = BigInt(b.seq);
  return left < right ? -1 : left > right ? 1 : 0;
}
