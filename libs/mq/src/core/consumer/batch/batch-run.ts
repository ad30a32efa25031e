import { deferred } from '../../runtime/deferred.js';
import type { MqTracer } from '../../tracing/tracer.js';
import type { DeliveryRun } from '../delivery/delivery-run.js';
import { failureInfo } from '../delivery/failure-record.js';
import type { RegisteredHandler } from '../handlers/handler.js';
import { type BatchOutcome, runBatchAttempt } from './batch-attempt.js';
import { type BatchMember, membersOf } from './batch-member.js';

/**
 * Handles gathered deliveries in one transaction, and answers which of them go alone: those that are no ordinary first deliveries,
 * those that the inbox knows, and all of them if the batch fails. Alone, each goes the whole way of a delivery, with all that
 * is recorded there; a failed batch itself counts for nobody, so that only the bad message ever has a failed attempt.
 *
 *     gathered ─ has to be parked, skipped, left to the broker, or is a second copy ─→ alone
 *              ─ otherwise ─→ attempt, with the others
 *     attempt  ─ committed ──────────────────────────────────────────────────────────→ acknowledged
 *              ─ committed, but the inbox knew this one ─────────────────────────────→ alone
 *              ─ shutdown cut it off ────────────────────────────────────────────────→ left to the broker
 *              ─ failed, in whatever way ────────────────────────────────────────────→ alone
 *
 * Never rejects.
 */
export async function runBatch<Handle>(
  handler: RegisteredHandler<Handle>,
  runs: readonly DeliveryRun<Handle>[],
): Promise<readonly DeliveryRun<Handle>[]> {
  const members = await membersOf(runs, handler);
  if (members.length < 2) return runs;
  const { tracer } = members[0]!.run.delivery.context;
  const settled = tracer === null ? await attempt(handler, members) : await trace(tracer, handler, members);
  const done = new Set(members.filter((_, i) => settled[i] === 'done').map(({ run }) => run));
  return runs.filter((run) => !done.has(run));
}

type Settled = 'done' | 'alone';

async function attempt<Handle>(
  handler: RegisteredHandler<Handle>,
  members: readonly BatchMember<Handle>[],
): Promise<Settled[]> {
  const outcome = await runBatchAttempt(handler, members);
  return Promise.all(members.map((member) => settle(member, outcome, members.length)));
}

/** Each has a span, as if it were alone. What the handler does belongs to that of the first. */
function trace<Handle>(
  tracer: MqTracer,
  handler: RegisteredHandler<Handle>,
  members: readonly BatchMember<Handle>[],
): Promise<Settled[]> {
  const ended = deferred<BatchOutcome>();
  return Promise.all(
    members.map((member, i) => {
      const { message, id, subscription } = member.run.delivery;
      return tracer.process({ message, id, spec: subscription.spec }, async () => {
        if (i === 0) ended.resolve(await runBatchAttempt(handler, members));
        return settle(member, await ended.promise, members.length);
      });
    }),
  );
}

async function settle<Handle>(
  { run, message }: BatchMember<Handle>,
  outcome: BatchOutcome,
  batch: number,
): Promise<Settled> {
  switch (outcome.kind) {
    case 'handled':
      if (outcome.entered.has(message.id)) {
        run.handled(outcome.durationMs);
        return 'done';
      }
      run.unbatched({ batch, reason: 'known', error: null });
      return 'alone';
    case 'shutdown':
      await run.leave('shutdown');
      return 'done';
    default:
      run.unbatched({ batch, reason: outcome.kind, error: failureInfo(outcome.error) });
      return 'alone';
  }
}
