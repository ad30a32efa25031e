import { randomUUID } from 'node:crypto';
import { isA } from '../../errors/is-a.js';
import { MqError } from '../../errors/mq-error.js';
import { LazyAbort } from '../../runtime/lazy-abort.js';
import type { MqMessage } from '../../message/message.js';
import {
  InboxContention,
  type InboxHolds,
  TransactionLost,
  TransactionUndone,
  type DeliveryTransaction,
} from '../../store/delivery-store.js';
import { acceptPayload } from './accept-payload.js';
import type { ActiveDelivery } from './active-delivery.js';
import { CutOff } from './cut-off.js';
import { runHandler } from './run-handler.js';
import type { DeliveryContext, RegisteredHandler } from '../handlers/handler.js';

/**
 * How an attempt ended:
 *
 * - `handled`: the handler's transaction was committed.
 * - `known`: the inbox held a row under this id before.
 * - `contention`: a copy of the message is being handled elsewhere.
 * - `lease`: the rest of the lease went by before the handler started, or it was lost while the handler ran.
 * - `database`: the database failed before the handler started, so the message is not at fault.
 * - `lost`: the connection broke while the handler ran, or at the end of its transaction.
 * - `failed`: the handler failed, or its transaction.
 * - `shutdown`: it was cut off.
 */
export type AttemptOutcome =
  | { readonly kind: 'handled'; readonly durationMs: number }
  | { readonly kind: 'contention' | 'lease' | 'shutdown' }
  | { readonly kind: 'known'; readonly holds: InboxHolds }
  | { readonly kind: 'database' | 'lost' | 'failed'; readonly error: unknown };

interface Work<Handle> {
  readonly handler: RegisteredHandler<Handle>;
  readonly message: MqMessage;
  /** Of the signal that the handler watches. Also aborted by the lease keeper. */
  readonly controller: LazyAbort;
  /** Whether the lease still has room for a whole attempt. */
  readonly leaseSuffices: () => boolean;
}

class NoLease extends Error {}

/**
 * Runs one attempt: begin · inbox row, started · handler · settle the status row · inbox row, handled · commit. Never rejects.
 *
 * Until the handler starts, every error is the database's and no attempt is counted. From then on an error is a failed
 * attempt, unless the connection broke; also when the COMMIT fails, where nobody can know whether it happened: the inbox
 * shows it at the next delivery.
 *
 * The inbox row counts as handled last, and therefore proves two things. A handler that swallowed an SQL error leaves a
 * transaction whose COMMIT is a rollback: then there is no row to mark, and acknowledging would lose the message. And a row
 * that others can see as started was committed in the middle of an attempt (DDL on MySQL does that): without that state the
 * next delivery would take it for a message that was handled, whether the handler threw or the process was killed. How a store
 * comes to know both is its own matter; that of TypeORM needs no statement for most attempts.
 */
export async function runAttempt<Handle>(
  delivery: ActiveDelivery<Handle>,
  handler: RegisteredHandler<Handle>,
  message: MqMessage,
): Promise<AttemptOutcome> {
  const { context, lease } = delivery;
  const startedAt = context.clock.monotonic();
  const controller = new LazyAbort();
  const keeper = lease.keep(() => controller.abort(new Error('the lease of the delivery was lost')));
  const leaseSuffices = (): boolean => (keeper ? !keeper.isLost : lease.suffices);
  const outcome = await runTransaction(delivery, { handler, message, controller, leaseSuffices });
  await lease.release(keeper);
  if (outcome === 'handled') {
    return { kind: 'handled', durationMs: Math.round(context.clock.monotonic() - startedAt) };
  }
  // A handler that stopped because its lease was lost has not failed; another process has the message by now.
  return outcome.kind === 'failed' && keeper?.isLost ? { kind: 'lease' } : outcome;
}

async function runTransaction<Handle>(
  delivery: ActiveDelivery<Handle>,
  work: Work<Handle>,
): Promise<AttemptOutcome | 'handled'> {
  const { context, subscription, lease, message: inbound, awaited, digest } = delivery;
  const { group } = subscription;
  const { id } = work.message;
  const { lockWaitMs } = lease;
  const { handler, message, controller } = work;
  const token = randomUUID();
  let started = false;

  const invoke = async (deliveryContext: DeliveryContext<Handle>, check: () => void): Promise<void> => {
    const accepted = handler.schemas ? await acceptPayload(handler.schemas, message, subscription) : message;
    check();
    await handler.invoke(handler.batch ? [accepted] : accepted, deliveryContext);
  };
  const inTransaction = async (tx: DeliveryTransaction<Handle>): Promise<AttemptOutcome | 'handled'> => {
    const state = await tx.enterInbox(group.groupId, id, token, digest);
    context.database.succeeded();
    if (state !== 'entered') return { kind: 'known', holds: state };
    if (!work.leaseSuffices()) throw new NoLease();
    started = true;
    const complete = async (check: () => void): Promise<void> => {
      if (awaited !== null) await tx.settleRow(awaited, inbound.brokerMessageId);
      check();
      if (!(await tx.markHandled(group.groupId, id, token))) throw lostTransaction(delivery, work);
    };
    await runHandler({ delivery, controller, invoke, manager: tx.handle, sever: () => tx.sever(), complete });
    return 'handled';
  };
  const withoutInbox = async (): Promise<AttemptOutcome | 'handled'> => {
    started = true;
    // No statement of ours runs here that could show that the database works; its answer to the probe must do.
    context.database.succeeded();
    await runHandler({ delivery, controller, invoke, manager: context.deliveries.handleWithoutTransaction });
    return 'handled';
  };

  try {
    return await (group.inbox ? context.deliveries.transact({ lockWaitMs }, inTransaction) : withoutInbox());
  } catch (thrown) {
    const lost = isA(thrown, TransactionLost);
    const error: unknown = lost ? thrown.cause : thrown;
    if (isA(error, NoLease)) return { kind: 'lease' };
    if (isA(error, CutOff) && error.why === 'shutdown') return { kind: 'shutdown' };
    if (isA(error, TransactionUndone)) return { kind: 'failed', error: lostTransaction(delivery, work) };
    if (started && lost) return { kind: 'lost', error };
    if (started) return { kind: 'failed', error: isA(error, CutOff) ? timedOut(delivery, work, error) : error };
    return isA(error, InboxContention) ? { kind: 'contention' } : { kind: 'database', error };
  }
}

function timedOut({ subscription }: ActiveDelivery, { handler, message }: Work<never>, cause: CutOff): MqError {
  const { timeoutMs } = subscription.group;
  return new MqError(
    'MQ_HANDLER_TIMEOUT',
    `${handler.name} did not return within ${timeoutMs} ms (message ${message.id} of ${subscription.label}). Its transaction ` +
      'was rolled back. Watch context.signal in long work, or raise the timeout of the group.',
    { retryable: true, details: { handler: handler.name, messageId: message.id, timeoutMs }, cause },
  );
}

function lostTransaction({ subscription }: ActiveDelivery, { handler, message }: Work<never>): MqError {
  return new MqError(
    'MQ_HANDLER_FAILED',
    `${handler.name} returned, but its transaction no longer holds the inbox row (message ${message.id} of ${subscription.label}): ` +
      'an SQL error was caught inside the handler, or the handler ended the transaction. Nothing of it counts. ' +
      'Let SQL errors out of the handler, or use a savepoint around what may fail.',
    { retryable: true, details: { handler: handler.name, messageId: message.id } },
  );
}
