import { randomUUID } from 'node:crypto';
import { isA } from '../../errors/is-a.js';
import { MqError } from '../../errors/mq-error.js';
import { LazyAbort } from '../../runtime/lazy-abort.js';
import {
  type DeliveryTransaction,
  InboxContention,
  TransactionLost,
  TransactionUndone,
} from '../../store/delivery-store.js';
import type { ActiveDelivery } from '../delivery/active-delivery.js';
import { CutOff } from '../delivery/cut-off.js';
import { runHandler } from '../delivery/run-handler.js';
import type { DeliveryContext, RegisteredHandler } from '../handlers/handler.js';
import type { BatchMember } from './batch-member.js';

/** Limit of a batch's wait for copies of its messages that are being handled elsewhere: alone, they keep nobody waiting. */
const LOCK_WAIT_MS = 1_000;

/**
 * How the attempt of a batch ended:
 *
 * - `handled`: it was committed. `entered`: ids of the messages that it contained; the inbox held the others before.
 * - `contention`, `lease`, `database`: the handler did not run.
 * - `failed`: the handler failed, or the transaction. Nothing of it counts, or, after a COMMIT without an answer, all of it.
 * - `shutdown`: it was cut off.
 */
export type BatchOutcome =
  | { readonly kind: 'handled'; readonly durationMs: number; readonly entered: ReadonlySet<string> }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'contention' | 'lease' | 'database' | 'failed'; readonly error: unknown };

class NoLease extends Error {}

/**
 * Runs a batch: begin · inbox rows, started, in one statement · handler · settle status rows · inbox rows, handled, in one statement ·
 * commit. What holds for the row of one message (see `runAttempt`) holds for all of them together. Never rejects.
 */
export async function runBatchAttempt<Handle>(
  handler: RegisteredHandler<Handle>,
  members: readonly BatchMember<Handle>[],
): Promise<BatchOutcome> {
  const { context } = members[0]!.run.delivery;
  const startedAt = context.clock.monotonic();
  const controller = new LazyAbort();
  const onLost = (): void => controller.abort(new Error('the lease of a delivery in the batch was lost'));
  const leases = members.map(({ run }) => run.delivery.lease);
  const keepers = leases.map((lease) => lease.keep(onLost));
  const leasesSuffice = (): boolean => leases.every((lease, i) => (keepers[i] ? !keepers[i].isLost : lease.suffices));
  const outcome = await runTransaction({ handler, members, controller, leasesSuffice });
  await Promise.all(leases.map((lease, i) => lease.release(keepers[i]!)));
  if ('kind' in outcome) return outcome;
  return { kind: 'handled', durationMs: Math.round(context.clock.monotonic() - startedAt), entered: outcome };
}

interface Work<Handle> {
  readonly handler: RegisteredHandler<Handle>;
  readonly members: readonly BatchMember<Handle>[];
  readonly controller: LazyAbort;
  readonly leasesSuffice: () => boolean;
}

type Batch = { readonly handler: { readonly name: string }; readonly members: readonly unknown[] };

async function runTransaction<Handle>(work: Work<Handle>): Promise<ReadonlySet<string> | BatchOutcome> {
  const { handler, members, controller } = work;
  const { delivery } = members[0]!.run;
  const { context, subscription } = delivery;
  const { groupId, inbox } = subscription.group;
  const lockWaitMs = Math.min(LOCK_WAIT_MS, ...members.map(({ run }) => run.delivery.lease.lockWaitMs));
  const token = randomUUID();
  let started = false;

  const call = (these: readonly BatchMember<Handle>[]) => (deliveryContext: DeliveryContext<Handle>) =>
    handler.invoke(
      these.map(({ message }) => message),
      deliveryContext,
    ) as Promise<void>;
  const inTransaction = async (tx: DeliveryTransaction<Handle>): Promise<ReadonlySet<string>> => {
    // In one order everywhere, so that two batches with copies of the same messages wait for each other, and end in no deadlock.
    const sorted = members.map(({ run }) => run.delivery).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const rows = sorted.map(({ id, digest }) => ({ messageId: id, digest }));
    const entered = await tx.enterInboxAll(groupId, rows, token);
    context.database.succeeded();
    if (entered.size === 0) return entered;
    if (!work.leasesSuffice()) throw new NoLease('the rest of a lease went by');
    started = true;
    const complete = async (check: () => void): Promise<void> => {
      for (const { id, awaited, message } of sorted) {
        if (awaited !== null && entered.has(id)) await tx.settleRow(awaited, message.brokerMessageId);
        check();
      }
      if (!(await tx.markAllHandled(groupId, [...entered], token))) throw lostTransaction(work, subscription.label);
    };
    const invoke = call(members.filter(({ message }) => entered.has(message.id)));
    await runHandler({ delivery, controller, invoke, manager: tx.handle, sever: () => tx.sever(), complete });
    return entered;
  };
  const withoutInbox = async (): Promise<ReadonlySet<string>> => {
    started = true;
    context.database.succeeded();
    const manager = context.deliveries.handleWithoutTransaction;
    await runHandler({ delivery, controller, invoke: call(members), manager });
    return new Set(members.map(({ message }) => message.id));
  };

  try {
    return await (inbox ? context.deliveries.transact({ lockWaitMs }, inTransaction) : withoutInbox());
  } catch (thrown) {
    const error: unknown = isA(thrown, TransactionLost) ? thrown.cause : thrown;
    if (isA(error, NoLease)) return { kind: 'lease', error };
    if (isA(error, CutOff) && error.why === 'shutdown') return { kind: 'shutdown' };
    if (isA(error, TransactionUndone)) return { kind: 'failed', error: lostTransaction(work, subscription.label) };
    if (started) return { kind: 'failed', error: isA(error, CutOff) ? timedOut(work, delivery, error) : error };
    return { kind: isA(error, InboxContention) ? 'contention' : 'database', error };
  }
}

function timedOut({ handler, members }: Batch, { subscription }: ActiveDelivery, cause: CutOff): MqError {
  const { timeoutMs } = subscription.group;
  return new MqError(
    'MQ_HANDLER_TIMEOUT',
    `${handler.name} did not return within ${timeoutMs} ms (a batch of ${members.length} messages of ${subscription.label}). Its ` +
      'transaction was rolled back. Make the batch smaller, or raise the timeout of the group.',
    { retryable: true, details: { handler: handler.name, messages: members.length, timeoutMs }, cause },
  );
}

function lostTransaction({ handler, members }: Batch, label: string): MqError {
  return new MqError(
    'MQ_HANDLER_FAILED',
    `${handler.name} returned, but its transaction no longer holds the inbox rows (a batch of ${members.length} messages of ${label}): ` +
      'an SQL error was caught inside the handler, or the handler ended the transaction. Nothing of it counts.',
    { retryable: true, details: { handler: handler.name, messages: members.length } },
  );
}
