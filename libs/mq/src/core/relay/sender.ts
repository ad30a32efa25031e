import type { ResolvedOptions } from '../config/resolved-options.js';
import type { MqEvents } from '../events/event-bus.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { toOutbound } from '../message/outbound.js';
import type { Clock } from '../runtime/clock.js';
import { Limiter } from '../runtime/limiter.js';
import type { PublishReceipt } from '../transport/transport.js';
import type { LeasedRow } from '../store/outbox-row.js';
import type { Circuit } from './circuit.js';
import { classifySendFailure, type SendFailure } from './failure.js';
import type { Lanes } from './lanes.js';
import type { Marker } from './marker.js';
import type { SendResult } from './send-result.js';
import type { RowSettler } from './row-settler.js';

/**
 * Publishes of one connection under way at once. Above 64, measurements showed more latency and no more throughput.
 * A place is free again when the broker has answered and not when the answer is written down: marks would otherwise be
 * limited to this many at once, and the wire would rest while they are written.
 */
const IN_FLIGHT = 64;
/** Rows of a closed topic come back a little after its next probe, so that the probe finds the way free or not. */
const AFTER_PROBE_MS = 250;

/**
 * Sends single rows that this process has leased.
 *
 * The fence has two halves. A late *write* fails on the token, in the store. A late *send* is prevented here: none
 * starts after the row's deadline, which is measured on the monotonic clock from before the statement that took the
 * lease, so a process that was stopped in between does not send what another one owns by now.
 */
export class Sender {
  private readonly limiter = new Limiter(IN_FLIGHT);
  private readonly abort = new AbortController();

  constructor(
    private readonly options: ResolvedOptions,
    private readonly lanes: Lanes,
    private readonly clock: Clock,
    private readonly circuit: Circuit,
    private readonly marker: Marker,
    private readonly settler: RowSettler,
    private readonly events: MqEvents,
  ) {}

  /** Ends what is on the wire; those rows are given back. */
  stop(): void {
    this.abort.abort();
  }

  /** Leaves a row to whoever polls next. */
  giveBack(row: LeasedRow): Promise<SendResult> {
    return this.settler.giveBack(row, 0);
  }

  /** @param deadline on the monotonic clock; see {@link leaseDeadline} */
  async send(row: LeasedRow, deadline: number): Promise<SendResult> {
    const { settled } = await this.limiter.run(() => this.attempt(row, deadline));
    const result = await settled;
    if (result.status === 'sent') await this.mark(row, result.brokerMessageId);
    return result;
  }

  /**
   * What is written to the database is begun here and waited for outside of the limit, which is the broker's: with one place
   * left, a thousand rows of a closed topic would go back one by one, and the rows of other topics wait behind them.
   */
  private async attempt(row: LeasedRow, deadline: number): Promise<{ readonly settled: Promise<SendResult> }> {
    if (this.clock.monotonic() >= deadline) {
      // Not ours any more, or not for long enough. Nothing is written: the lease's end brings it back by itself.
      return { settled: Promise.resolve({ status: 'pending', delayMs: 0 }) };
    }
    if (this.abort.signal.aborted) return { settled: this.settler.giveBack(row, 0) };
    // Claims bring none such, but a key that was promoted may go on with a row of somebody else.
    if (!this.lanes.has(row)) return { settled: this.settler.giveBack(row, 0) };
    if (row.failedCount >= row.maxAttempts) return { settled: this.settler.park(row, exhausted(row)) };
    const tooEarly = this.tooEarlyBy(row);
    if (tooEarly > 0) return { settled: this.settler.giveBack(row, tooEarly) };

    const admission = this.circuit.admit(row.topic);
    if (!admission.go) return { settled: this.settler.giveBack(row, admission.retryInMs + AFTER_PROBE_MS) };

    const { era } = this.limiter;
    const startedAt = this.clock.monotonic();
    let receipt: PublishReceipt;
    try {
      receipt = await this.options.transport.publish(toOutbound(row, row.deliverAt), this.abort.signal);
    } catch (error) {
      const failure = classifySendFailure(error);
      const verdict = this.circuit.failed(row.topic, row.id, failure, row.orderingKey, startedAt);
      if (verdict === 'too-much') this.limiter.narrow(era);
      return { settled: this.settler.failed(row, failure, verdict) };
    }
    this.limiter.widen();
    const probe = admission.probe ? row.id : null;
    this.circuit.succeeded(row.topic, row.id, probe, receipt.broker ?? null, row.orderingKey);
    return { settled: Promise.resolve({ status: 'sent', brokerMessageId: receipt.brokerMessageId }) };
  }

  private async mark(row: LeasedRow, brokerMessageId: string): Promise<void> {
    try {
      await this.marker.sent({ id: row.id, token: row.leaseToken, brokerMessageId });
    } catch (error) {
      // The broker has it, our table does not say so: it is sent once more when the lease ends, and the inbox absorbs that.
      reportDatabaseFailure(this.events, 'mark', error);
    }
    this.events.emit('message.sent', {
      messageId: row.id,
      topic: row.topicAlias,
      key: row.key,
      brokerMessageId,
      attempt: row.startedCount,
    });
  }

  /** Beyond the broker's horizon the outbox holds a message; a row can be claimed too early when clocks disagree. */
  private tooEarlyBy(row: LeasedRow): number {
    if (row.deliverAt === null) return 0;
    return row.deliverAt - this.options.transport.capabilities.limits.delayMs - this.clock.now();
  }
}

/**
 * When to stop starting sends under a lease that was asked for at `askedAt`. The last send needs room to end before the
 * lease does, and its mark too: 10 s, or a third of a lease that is shorter than half a minute, or what a send may take.
 */
export function leaseDeadline(
  askedAt: number,
  { transport, reproduce: { leaseMs } }: Pick<ResolvedOptions, 'transport' | 'reproduce'>,
): number {
  return askedAt + leaseMs - Math.max(transport.publishMs, Math.min(10_000, leaseMs / 3));
}

function exhausted(row: LeasedRow): SendFailure {
  return {
    about: 'unknown',
    code: 'MQ_OUTCOME_UNKNOWN',
    message: `gave up after ${row.failedCount} failed attempts of ${row.maxAttempts}`,
    retryAfterMs: null,
    broker: null,
    answered: false,
    cause: undefined,
  };
}
