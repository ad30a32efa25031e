import { randomUUID } from 'node:crypto';
import { isA } from '../errors/is-a.js';
import { MqError } from '../errors/mq-error.js';
import type { MqMessage } from '../message/message.js';
import {
  type AwaitedRow,
  InboxContention,
  type InboxHolds,
  TransactionLost,
  type DeliveryTransaction,
} from '../store/delivery-store.js';
import { guardedSignal } from '../runtime/guarded-signal.js';
import type { ConsumerContext } from './consumer-context.js';
import { CutOff, runWithCutOff } from './cut-off.js';
import type { RegisteredHandler } from './handler.js';
import type { Subscription } from './subscription.js';

/**
 * How an attempt ended. `handled`: the inbox holds the message, acknowledge it. `known`: so it did before. `contention`: a
 * copy of it is being handled elsewhere. `no-lease`: what was left of the lease went by before the handler started.
 * `database`: the same for the database, so the message is not to blame. `lost`: the connection broke after that. `failed`:
 * the handler, or its transaction. `shutdown`: cut off.
 */
export type AttemptOutcome =
  | { readonly kind: 'handled' | 'contention' | 'no-lease' | 'shutdown' }
  | { readonly kind: 'known'; readonly holds: InboxHolds }
  | { readonly kind: 'database' | 'lost' | 'failed'; readonly error: unknown };

export interface AttemptRequest<Handle> {
  readonly subscription: Subscription<Handle>;
  readonly handler: RegisteredHandler<Handle>;
  readonly message: MqMessage;
  readonly brokerMessageId: string;
  /** The status row that this handling finishes. */
  readonly awaited: AwaitedRow | null;
  /** Of the body, for the inbox. */
  readonly digest: number | null;
  readonly attempt: number;
  readonly lockWaitMs: number;
  /** What the handler watches. Also aborted by the lease keeper. */
  readonly controller: AbortController;
  /** Whether the lease still has room for a whole attempt. */
  readonly leaseSuffices: () => boolean;
}

class NoLease extends Error {}

/**
 * One attempt: begin · inbox row, started · handler · settle the status row · inbox row, handled · commit. Never rejects.
 *
 * Until the handler starts, whatever goes wrong is the database's affair and counts against nobody. From then on it is
 * a failed attempt, unless the connection broke; also when the COMMIT fails, where nobody can tell whether it happened:
 * the inbox knows at the next.
 *
 * The inbox row is finished last, and is therefore the proof of two things. A handler that swallowed an SQL error leaves a
 * transaction whose COMMIT is a rollback: there is no row to finish, and acknowledging would lose the message. And a row
 * that others can see as started was committed in the middle of an attempt (DDL on MySQL does that): the next delivery
 * would take a plain one for a message that was handled, whether the handler threw or the process was killed.
 */
export async function runAttempt<Handle>(
  context: ConsumerContext<Handle>,
  request: AttemptRequest<Handle>,
): Promise<AttemptOutcome> {
  const { subscription, message, lockWaitMs } = request;
  const { group } = subscription;
  const token = randomUUID();
  let started = false;

  const inTransaction = async (tx: DeliveryTransaction<Handle>): Promise<AttemptOutcome> => {
    const state = await tx.enter(group.groupId, message.id, token, request.digest);
    context.database.succeeded();
    if (state !== 'entered') return { kind: 'known', holds: state };
    if (!request.leaseSuffices()) throw new NoLease();
    started = true;
    await runHandler(
      context,
      request,
      tx.handle,
      () => tx.sever(),
      async (check) => {
        if (request.awaited !== null) await tx.settle(request.awaited, request.brokerMessageId);
        check();
        if (!(await tx.finish(group.groupId, message.id, token))) throw lostTransaction(request);
      },
    );
    return { kind: 'handled' };
  };
  const bare = async (): Promise<AttemptOutcome> => {
    started = true;
    // Nothing of ours is written here that could show that the database works; its answer to the probe must do.
    context.database.succeeded();
    await runHandler(
      context,
      request,
      context.deliveries.bare,
      () => {},
      () => Promise.resolve(),
    );
    return { kind: 'handled' };
  };

  try {
    return await (group.inbox ? context.deliveries.transact({ lockWaitMs }, inTransaction) : bare());
  } catch (thrown) {
    const lost = isA(thrown, TransactionLost);
    const error: unknown = lost ? thrown.cause : thrown;
    if (isA(error, NoLease)) return { kind: 'no-lease' };
    if (isA(error, CutOff) && error.why === 'shutdown') return { kind: 'shutdown' };
    if (started && lost) return { kind: 'lost', error };
    if (started) return { kind: 'failed', error: isA(error, CutOff) ? timedOut(request, error) : error };
    return isA(error, InboxContention) ? { kind: 'contention' } : { kind: 'database', error };
  }
}

async function runHandler<Handle>(
  context: ConsumerContext<Handle>,
  request: AttemptRequest<Handle>,
  manager: Handle,
  sever: () => void,
  complete: (check: () => void) => Promise<void>,
): Promise<void> {
  const { clock, giveUp, stuck, connection } = context;
  const { subscription, handler, message, attempt, controller, brokerMessageId } = request;
  const { timeoutMs, maxAttempts, alias } = subscription.group;
  const ref = { topic: subscription.topic.alias, group: alias, messageId: message.id };
  const deadline = new Date(clock.now() + timeoutMs);
  const signal = guardedSignal(controller.signal);
  const limits = {
    clock,
    timeoutMs,
    giveUp,
    controller,
    sever,
    abandoned: (work: Promise<unknown>) => stuck.watch(work, ref),
  };
  await runWithCutOff(limits, async (check) => {
    await handler.invoke(message, { manager, attempt, maxAttempts, deadline, signal, connection, brokerMessageId });
    check();
    await complete(check);
  });
}

function timedOut({ handler, message, subscription }: AttemptRequest<unknown>, cause: CutOff): MqError {
  const { timeoutMs } = subscription.group;
  return new MqError(
    'MQ_HANDLER_TIMEOUT',
    `${handler.name} did not return within ${timeoutMs} ms (message ${message.id} of ${subscription.label}). Its transaction ` +
      'was rolled back. Watch context.signal in long work, or raise the timeout of the group.',
    { retryable: true, details: { handler: handler.name, messageId: message.id, timeoutMs }, cause },
  );
}

function lostTransaction({ handler, message, subscription }: AttemptRequest<unknown>): MqError {
  return new MqError(
    'MQ_HANDLER_FAILED',
    `${handler.name} returned, but its transaction no longer holds the inbox row (message ${message.id} of ${subscription.label}): ` +
      'an SQL error was caught inside the handler, or the handler ended the transaction. Nothing of it counts. ' +
      'Let SQL errors out of the handler, or use a savepoint around what may fail.',
    { retryable: true, details: { handler: handler.name, messageId: message.id } },
  );
}
