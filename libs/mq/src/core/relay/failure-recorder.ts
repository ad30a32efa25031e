import type { FailureInfo } from '../events/event-map.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { Coalescer } from '../runtime/coalescer.js';
import type { ErrorEntry } from '../store/error-entry.js';
import type { LeasedRow } from '../store/outbox-row.js';
import type { Reschedule } from '../store/outbox-store.js';
import type { OutcomeJudge, Verdict } from './circuit/outcome-judge.js';
import { outageEntry, sendErrorEntry } from './error-entries.js';
import type { RelayContext } from './relay-context.js';
import { type SendFailure, type SendResult, toMqError } from './send-result.js';

/** Pause of a row whose failure costs it nothing; whether it goes then is for the circuit to say. */
const SCOPE_RETRY_MS = 1_000;
const AT_ONCE = 200;

/**
 * Records what becomes of rows that were not sent: they wait for another attempt, are parked, or are given back. Each write is
 * filtered by the row's token.
 */
export class FailureRecorder {
  /** When a circuit opens, whatever is on its way at that moment is given back: few statements instead of one for each row. */
  private readonly reschedules: Coalescer<Reschedule, boolean>;

  constructor(
    private readonly context: RelayContext,
    private readonly judge: OutcomeJudge,
  ) {
    this.reschedules = new Coalescer((changes) => context.store.reschedule(changes), AT_ONCE);
  }

  /** Resolves when no reschedule is under way. */
  whenIdle(): Promise<void> {
    return this.reschedules.whenIdle();
  }

  /** After a failed attempt. */
  async record(row: LeasedRow, failure: SendFailure, judged: Verdict): Promise<SendResult> {
    if (judged === 'park') return this.park(row, failure);
    if (judged !== 'counts') {
      const delayMs = failure.about === 'none' ? 0 : this.freeDelay(row, failure);
      return this.reschedule(row, failure, delayMs, false);
    }
    const attempt = row.failedCount + 1;
    const verdict =
      attempt >= row.maxAttempts
        ? 'park'
        : this.context.options.reproduce.backoff({
            side: 'publish',
            attempt,
            maxAttempts: row.maxAttempts,
            error: failure.cause,
            messageId: row.id,
            topic: row.topicAlias,
          });
    if (verdict === 'park') return this.park(row, failure);
    const result = await this.reschedule(row, failure, verdict, true);
    await this.writeError(sendErrorEntry(row, failure, attempt, false, this.context.instance));
    return result;
  }

  /** Gives a row back without a try: pending, and the attempt taken off. */
  async giveBack(row: LeasedRow, delayMs: number): Promise<SendResult> {
    await this.write('reschedule', row, () =>
      this.reschedules.add({ id: row.id, token: row.leaseToken, delayMs, counted: false, error: null }),
    );
    return { status: 'pending', delayMs };
  }

  async park(row: LeasedRow, failure: SendFailure): Promise<SendResult> {
    const attempt = row.failedCount + (row.failedCount < row.maxAttempts ? 1 : 0);
    const entry = sendErrorEntry(row, failure, attempt, true, this.context.instance);
    const freeKey = this.context.options.reproduce.onDeadKey === 'skip';
    this.judge.over(row.topic, row.id, row.orderingKey);
    const done = await this.write('park', row, () =>
      this.context.store.park({ id: row.id, token: row.leaseToken }, entry, { freeKey }),
    );
    if (!done) return { status: 'pending', error: toMqError(failure), delayMs: 0 };
    this.context.events.emit('message.parked', {
      messageId: row.id,
      topic: row.topicAlias,
      key: row.key,
      attempt,
      error: info(failure),
    });
    return { status: 'dead', error: toMqError(failure) };
  }

  /** One error row for each outage, instead of one for each message that it holds up. */
  recordOutage(scope: string, error: FailureInfo): Promise<void> {
    return this.writeError(outageEntry(scope, error, this.context.instance));
  }

  /** Takes attempts back that were counted before the circuit knew better. Fails silently: then they stay counted. */
  async refund(ids: readonly string[]): Promise<void> {
    const times = new Map<string, number>();
    for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
    const rounds = Math.max(...times.values());
    try {
      // Only what is written down as counted can be taken off again.
      await this.whenIdle();
      for (let round = 1; round <= rounds; round++) {
        await this.context.store.refund([...times].filter(([, count]) => count >= round).map(([id]) => id));
      }
    } catch (error) {
      this.databaseFailed('refund', error);
    }
  }

  /** Error rows are for people: that one cannot be written changes nothing for the message. */
  private async writeError(entry: ErrorEntry): Promise<void> {
    try {
      await this.context.store.recordErrors([entry]);
    } catch (error) {
      this.databaseFailed('error log', error);
    }
  }

  private freeDelay({ topic, orderingKey }: LeasedRow, { retryAfterMs, broker }: SendFailure): number {
    return Math.max(SCOPE_RETRY_MS, retryAfterMs ?? 0, this.judge.spareMs(broker, topic, orderingKey));
  }

  private async reschedule(
    row: LeasedRow,
    failure: SendFailure,
    delayMs: number,
    counted: boolean,
  ): Promise<SendResult> {
    const error = { code: failure.code, message: failure.message };
    const done = await this.write('reschedule', row, () =>
      this.reschedules.add({ id: row.id, token: row.leaseToken, delayMs, counted, error }),
    );
    if (done) {
      this.context.events.emit('message.rescheduled', {
        messageId: row.id,
        topic: row.topicAlias,
        key: row.key,
        attempt: row.failedCount + (counted ? 1 : 0),
        counted,
        delayMs,
        error: info(failure),
      });
    }
    return { status: 'pending', error: toMqError(failure), delayMs };
  }

  /** `false` when the row is not ours any more, or the database does not answer: then the lease's end decides. */
  private async write(
    during: 'reschedule' | 'park',
    row: LeasedRow,
    statement: () => Promise<boolean>,
  ): Promise<boolean> {
    try {
      const done = await statement();
      if (!done) this.context.events.emit('lease.lost', { messageId: row.id, during });
      return done;
    } catch (error) {
      this.databaseFailed(during, error);
      return false;
    }
  }

  private databaseFailed(loop: string, error: unknown): void {
    reportDatabaseFailure(this.context.events, loop, error);
  }
}

function info(failure: SendFailure): { code: SendFailure['code']; message: string; cause?: unknown } {
  return { code: failure.code, message: failure.message, cause: failure.cause };
}
