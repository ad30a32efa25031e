import type { ResolvedOptions } from '../config/resolved-options.js';
import { describeError } from '../errors/describe-error.js';
import type { MqEvents } from '../events/event-bus.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { Coalescer } from '../runtime/coalescer.js';
import type { ErrorEntry } from '../store/error-entry.js';
import type { LeasedRow } from '../store/outbox-row.js';
import type { OutboxStore, Reschedule } from '../store/outbox-store.js';
import type { Circuit, Verdict } from './circuit.js';
import { type SendFailure, toMqError } from './failure.js';
import type { SendResult } from './send-result.js';

/** A failure that is the scope's makes its row due again this soon; whether it goes is then for the circuit to say. */
const SCOPE_RETRY_MS = 1_000;
const AT_ONCE = 200;

/** Decides about rows that were not sent, and writes the decision down. Each write is filtered by the row's token. */
export class RowSettler {
  /** A circuit that opens gives back whatever is on its way at that moment: few statements instead of one for each row. */
  private readonly reschedules: Coalescer<Reschedule, boolean>;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly store: OutboxStore<never>,
    private readonly circuit: Circuit,
    private readonly events: MqEvents,
    private readonly instance: string,
  ) {
    this.reschedules = new Coalescer((changes) => this.store.reschedule(changes), AT_ONCE);
  }

  /** Resolves when no reschedule is under way. */
  idle(): Promise<void> {
    return this.reschedules.idle();
  }

  async failed(row: LeasedRow, failure: SendFailure, means: Verdict): Promise<SendResult> {
    if (means === 'park') return this.park(row, failure);
    if (means !== 'counts') {
      const delayMs = failure.about === 'none' ? 0 : this.scopeDelay(row, failure);
      return this.reschedule(row, failure, delayMs, false);
    }
    const attempt = row.failedCount + 1;
    const verdict =
      attempt >= row.maxAttempts
        ? 'park'
        : this.options.reproduce.backoff({
            side: 'publish',
            attempt,
            maxAttempts: row.maxAttempts,
            error: failure.cause,
            messageId: row.id,
            topic: row.topicAlias,
          });
    if (verdict === 'park') return this.park(row, failure);
    const result = await this.reschedule(row, failure, verdict, true);
    await this.record([this.entry(row, failure, attempt, false)]);
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
    const entry = this.entry(row, failure, attempt, true);
    const freeKey = this.options.reproduce.onDeadKey === 'skip';
    this.circuit.over(row.topic, row.id, row.orderingKey);
    const done = await this.write('park', row, () =>
      this.store.park({ id: row.id, token: row.leaseToken }, entry, { freeKey }),
    );
    if (!done) return { status: 'pending', error: toMqError(failure), delayMs: 0 };
    this.events.emit('message.parked', {
      messageId: row.id,
      topic: row.topicAlias,
      key: row.key,
      attempt,
      error: info(failure),
    });
    return { status: 'dead', error: toMqError(failure) };
  }

  /** Error rows are for people: that one cannot be written changes nothing for the message. */
  async record(entries: readonly ErrorEntry[]): Promise<void> {
    try {
      await this.store.recordErrors(entries);
    } catch (error) {
      this.databaseFailed('error log', error);
    }
  }

  private scopeDelay({ topic, orderingKey }: LeasedRow, { retryAfterMs, broker }: SendFailure): number {
    return Math.max(SCOPE_RETRY_MS, retryAfterMs ?? 0, this.circuit.spareMs(broker, topic, orderingKey));
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
      this.events.emit('message.rescheduled', {
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
      if (!done) this.events.emit('lease.lost', { messageId: row.id, during });
      return done;
    } catch (error) {
      this.databaseFailed(during, error);
      return false;
    }
  }

  private databaseFailed(loop: string, error: unknown): void {
    reportDatabaseFailure(this.events, loop, error);
  }

  private entry(row: LeasedRow, failure: SendFailure, attempt: number, parked: boolean): ErrorEntry {
    const described = describeError(failure.cause ?? failure.message);
    return {
      direction: 'PRODUCE',
      messageId: row.id,
      topicAlias: row.topicAlias,
      tag: row.tag,
      key: row.key,
      group: null,
      groupId: null,
      attempt,
      parked,
      errorClass: described.name,
      errorCode: failure.code,
      message: failure.message,
      stack: described.stack,
      // The status row keeps the payload of what it parks.
      payload: null,
      payloadEncoding: null,
      headers: null,
      orderingKey: row.orderingKey,
      brokerMessageId: null,
      publishedAt: null,
      instance: this.instance,
    };
  }
}

function info(failure: SendFailure): { code: SendFailure['code']; message: string; cause?: unknown } {
  return { code: failure.code, message: failure.message, cause: failure.cause };
}
