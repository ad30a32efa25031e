import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { FAILURES } from '../retry/failure-table.js';
import { Semaphore } from '../runtime/semaphore.js';
import { uuidV7Time } from '../runtime/uuid-v7-time.js';
import type { LeasedRow } from '../store/outbox-row.js';
import { toOutbound } from '../store/to-outbound.js';
import type { SendReceipt } from '../transport/transport.js';
import type { OutcomeJudge } from './circuit/outcome-judge.js';
import type { FailureRecorder } from './failure-recorder.js';
import type { Marker } from './marker.js';
import type { RelayContext } from './relay-context.js';
import { type SendFailure, sendFailureOf, type SendResult } from './send-result.js';

/**
 * Sends of one connection under way at once. Above 64, measurements showed more latency and no more throughput.
 * A slot is free again when the broker has answered and not when the answer is written down: marks would otherwise be
 * limited to this many at once, and the wire would rest while they are written.
 */
const IN_FLIGHT = 64;
/** Rows of an open topic come back a little after its next probe, so that the probe finds the way free or not. */
const AFTER_PROBE_MS = 250;

/**
 * Sends single rows that this process has leased.
 *
 * The fence has two halves. A late *write* fails on the token, in the store. A late *send* is prevented here: none
 * starts after the row's deadline, which is measured on the monotonic clock from before the statement that took the
 * lease, so a process that was stopped in between does not send what another one owns by now.
 */
export class Sender {
  private readonly inFlight = new Semaphore(IN_FLIGHT);
  private readonly abort = new AbortController();
  /** Messages whose send has begun and has no result yet. */
  readonly onTheWire = new Set<string>();

  constructor(
    private readonly context: RelayContext,
    private readonly judge: OutcomeJudge,
    private readonly marker: Marker,
    private readonly recorder: FailureRecorder,
  ) {}

  /** Ends what is on the wire; those rows are given back. */
  stop(): void {
    this.abort.abort();
  }

  /** Gives a row back untried: another process takes it at its next poll. */
  giveBack(row: LeasedRow): Promise<SendResult> {
    return this.recorder.giveBack(row, 0);
  }

  /**
   * What came of it is written to the database outside of the limit, which is the broker's: with one slot left, a thousand rows
   * of an open topic would go back one by one, and the rows of other topics wait behind them.
   *
   * @param deadline on the monotonic clock; see `leaseDeadline`
   */
  async send(row: LeasedRow, deadline: number): Promise<SendResult> {
    const write = await this.inFlight.run(() => this.attempt(row, deadline));
    return write();
  }

  /** Resolves when the broker has answered, to a function that resolves when the outcome is written down. */
  private async attempt(row: LeasedRow, deadline: number): Promise<() => Promise<SendResult>> {
    const { clock, lanes, circuit, options } = this.context;
    const { recorder, judge } = this;
    // Not ours any more, or not for long enough. Nothing is written: the lease's end brings it back by itself.
    if (clock.monotonic() >= deadline) return async () => ({ status: 'pending', delayMs: 0 });
    if (this.abort.signal.aborted) return () => recorder.giveBack(row, 0);
    // Claims bring none such, but a key that was promoted may go on with a row of somebody else, and a pause may have come since.
    if (!lanes.has(row) || lanes.isPaused(row)) return () => recorder.giveBack(row, 0);
    if (row.failedCount >= row.maxAttempts) return () => recorder.park(row, exhausted(row));
    const tooEarly = this.tooEarlyBy(row);
    if (tooEarly > 0) return () => recorder.giveBack(row, tooEarly);

    const admission = circuit.admit(row.topic);
    if (!admission.go) return () => recorder.giveBack(row, admission.retryInMs + AFTER_PROBE_MS);

    const { narrowings } = this.inFlight;
    const startedAt = clock.monotonic();
    let receipt: SendReceipt;
    this.onTheWire.add(row.id);
    try {
      receipt = await options.transport.send(toOutbound(row, row.deliverAt), this.abort.signal);
    } catch (error) {
      const failure = sendFailureOf(error);
      const verdict = judge.failed(row.topic, row.id, failure, row.orderingKey, startedAt);
      if (verdict === 'too-much') this.inFlight.narrow(narrowings);
      // Begun at once: a refund that the next failure brings must find this attempt on its way into the table, or it comes too
      // early and the attempt stays counted.
      const recorded = recorder.record(row, failure, verdict);
      return () => recorded;
    } finally {
      this.onTheWire.delete(row.id);
    }
    this.inFlight.widen();
    const probe = admission.probe ? row.id : null;
    judge.succeeded(row.topic, row.id, probe, receipt.broker ?? null, row.orderingKey);
    const times = { durationMs: Math.round(clock.monotonic() - startedAt), waitedMs: this.waited(row) };
    return () => this.mark(row, receipt.brokerMessageId, times);
  }

  private async mark(
    row: LeasedRow,
    brokerMessageId: string,
    times: { durationMs: number; waitedMs: number },
  ): Promise<SendResult> {
    try {
      await this.marker.sent({ id: row.id, token: row.leaseToken, brokerMessageId });
    } catch (error) {
      // The broker has it, our table does not say so: it is sent once more when the lease ends, and the inbox absorbs that.
      reportDatabaseFailure(this.context.events, 'mark', error);
    }
    this.context.events.emit('message.sent', {
      messageId: row.id,
      topic: row.topicAlias,
      key: row.key,
      brokerMessageId,
      attempt: row.startedCount,
      ...times,
    });
    return { status: 'sent', brokerMessageId };
  }

  /** Since it was published, or came within the broker's horizon. Ids carry the time of their making, so no column is read for this. */
  private waited({ id, deliverAt }: LeasedRow): number {
    const now = this.context.clock.now();
    const publishedAt = uuidV7Time(id) ?? now;
    if (deliverAt === null) return now - publishedAt;
    return now - Math.max(publishedAt, deliverAt - this.context.options.transport.capabilities.limits.delayMs);
  }

  /** Beyond the broker's horizon the outbox holds a message; a row can be claimed too early when clocks disagree. */
  private tooEarlyBy(row: LeasedRow): number {
    if (row.deliverAt === null) return 0;
    return row.deliverAt - this.context.options.transport.capabilities.limits.delayMs - this.context.clock.now();
  }
}

function exhausted(row: LeasedRow): SendFailure {
  return {
    ...FAILURES.unknown.send,
    message: `gave up after ${row.failedCount} failed attempts of ${row.maxAttempts}`,
    retryAfterMs: null,
    broker: null,
    answered: false,
    cause: undefined,
  };
}
