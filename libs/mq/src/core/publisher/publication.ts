import type { MqErrorCode } from '../errors/codes.js';
import { MqError } from '../errors/mq-error.js';
import type { SendResult } from '../relay/send-result.js';
import type { Clock } from '../runtime/clock.js';
import { deferred } from '../runtime/deferred.js';
import { type Duration, parseDuration } from '../runtime/duration.js';
import type { OutboxStore, RowState } from '../store/outbox-store.js';
import type { Publication, SendOutcome } from './publishing.js';
import type { TransactionOutcome } from './transaction-context.js';

type Told = SendResult | null;

/**
 * The messages of one `publish()`.
 *
 * States: *running* (the transaction has not ended, as far as this process can see), and then what is known of its end. Once
 * it may have committed, each row that was born leased is with the immediate sender, which tells the result of it exactly
 * once; about the others the table is asked.
 */
export class StagedPublication implements Publication {
  readonly messages: Publication['messages'];
  private state: 'running' | TransactionOutcome = 'running';
  private readonly results = new Map<string, Told>();
  private readonly told = new Map<string, { promise: Promise<Told>; resolve(result: Told): void }>();

  constructor(
    messages: Publication['messages'],
    sentAtOnce: readonly string[],
    private readonly store: Pick<OutboxStore<never>, 'inspect'>,
    private readonly clock: Clock,
  ) {
    this.messages = messages;
    for (const id of sentAtOnce) this.told.set(id, deferred<Told>());
  }

  /** For controllers that return it: ids and keys, and nothing of the store behind it. */
  toJSON(): Pick<Publication, 'messages'> {
    return { messages: this.messages };
  }

  ended(outcome: TransactionOutcome): void {
    this.state = outcome;
  }

  tell(id: string, result: Told): void {
    this.results.set(id, result);
    this.told.get(id)?.resolve(result);
  }

  async sent(options: { timeout?: Duration; signal?: AbortSignal } = {}): Promise<SendOutcome[]> {
    if (this.state === 'running') {
      throw new MqError(
        'MQ_TRANSACTION_OPEN',
        'sent() was called before the transaction of publish() has ended, so there is nothing to wait for yet. ' +
          'Return the publication from the transaction and await sent() on it afterwards.',
      );
    }
    if (this.state === 'rolled-back') throw rolledBack();
    // A transaction that was left open is announced to nobody, so nothing will be told.
    if (this.state !== 'left-open') await this.wait(options);
    const results = new Map(this.results);
    const unclear = this.messages.filter(
      ({ id }) => results.get(id)?.status !== 'sent' && results.get(id)?.status !== 'dead',
    );
    const rows = await this.store.inspect(unclear.map(({ id }) => id));
    // A row that was not there under our token when it was read back may be leased elsewhere by now, or sent: what a
    // rollback leaves is no row at all. So does a message that was sent, where no history is kept: then a proof tells them apart.
    const nothing = unclear.length > 0 && unclear.length === this.messages.length && rows.size === 0;
    if (nothing && this.state !== 'proven') throw absent(this.state);
    return this.messages.map(({ id, key }) => ({
      id,
      key,
      ...this.outcome(results.get(id) ?? undefined, rows.get(id)),
    }));
  }

  /** Until all is told, the time is up or the caller has enough. */
  private async wait({ timeout, signal }: { timeout?: Duration; signal?: AbortSignal }): Promise<void> {
    if (this.told.size === 0) return;
    const all = Promise.all([...this.told.values()].map(({ promise }) => promise));
    if (timeout === undefined && signal === undefined) {
      await all;
      return;
    }
    const enough = new AbortController();
    const stop = (): void => enough.abort();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    await Promise.race([
      all,
      this.clock.sleep(timeout === undefined ? Number.MAX_SAFE_INTEGER : parseDuration(timeout), enough.signal),
    ]);
    signal?.removeEventListener('abort', stop);
    stop();
  }

  private outcome(told: SendResult | undefined, row: RowState | undefined): Outcome {
    if (told?.status === 'sent') return { status: 'sent', brokerMessageId: told.brokerMessageId };
    if (told?.status === 'dead') return { status: 'dead', error: told.error };
    switch (row?.status) {
      // A finished row that was pruned in the meantime was sent, or it would still be there.
      case undefined:
      case 'SENT':
      case 'ACCEPTED':
        return { status: 'sent', brokerMessageId: row?.brokerMessageId ?? '' };
      case 'DEAD':
        return {
          status: 'dead',
          error: told?.error ?? recorded(row) ?? new MqError('MQ_OUTCOME_UNKNOWN', 'The message was parked.'),
        };
      case 'CANCELLED':
        return { status: 'cancelled' };
      default: {
        const error = told?.error ?? recorded(row);
        const nextAttemptAt = new Date(row?.dueAt ?? this.clock.now());
        return error ? { status: 'pending', error, nextAttemptAt } : { status: 'pending', nextAttemptAt };
      }
    }
  }
}

type Outcome = SendOutcome extends infer T ? (T extends SendOutcome ? Omit<T, 'id' | 'key'> : never) : never;

function recorded(row: RowState | undefined): MqError | undefined {
  if (!row?.errorCode) return undefined;
  return new MqError(row.errorCode as MqErrorCode, row.errorMessage ?? row.errorCode, {
    retryable: row.status !== 'DEAD',
  });
}

/** None of the rows is there, for somebody outside of their transaction. */
function absent(state: 'running' | TransactionOutcome): MqError {
  if (state === 'left-open') {
    return new MqError(
      'MQ_TRANSACTION_OPEN',
      'The query runner of the transaction of publish() was released without COMMIT or ROLLBACK, so nobody has decided about its ' +
        'messages. None was sent. Roll back in a catch or finally block before release(), or use dataSource.transaction().',
    );
  }
  if (state === 'unknown') {
    return new MqError(
      'MQ_OUTCOME_UNKNOWN',
      'The connection broke while the transaction of publish() was being committed, and its messages are not there. ' +
        'Should the database commit it after all, they will be sent.',
      { retryable: true },
    );
  }
  return rolledBack();
}

function rolledBack(): MqError {
  return new MqError(
    'MQ_TRANSACTION_ROLLED_BACK',
    'The transaction of publish() was rolled back, so its messages never existed.',
  );
}
