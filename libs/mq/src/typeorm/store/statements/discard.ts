import type { DiscardOutcome } from '../../../core/store/admin-outcomes.js';
import type { OperatorRequest } from '../../../core/store/admin-store.js';
import { raw, sql } from '../../sql/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { causesOf, failuresOf, isUnresolved, lockParked, resolveErrors } from './resolve-errors.js';

interface Row {
  readonly status: string;
  readonly settle_group: string | null;
  readonly replay_of: string | null;
  readonly open_key: string | null;
}

interface Discarded extends DiscardOutcome {
  /** The ordering key that no longer waits. */
  readonly orderKey: string | null;
}

/**
 * Ends one dead row of the outbox, or one parked delivery, in the transaction of `run`.
 *
 * The dead row stays `DEAD`, with its error rows resolved: what prune, counts and people take for "somebody has decided".
 * A status of its own would say the same a second time.
 */
export async function discardOne(
  own: OwnConnections,
  run: Run,
  id: string,
  request: OperatorRequest,
): Promise<Discarded> {
  const [row] = (
    await run<Row>(
      sql`SELECT status, settle_group, replay_of, open_key FROM ${raw(own.tables.statusLog)} WHERE id = ${id} FOR UPDATE`,
    )
  ).rows;
  return row ? discardDead(own, run, id, row, request) : discardParked(own, run, id, request);
}

async function discardDead(
  own: OwnConnections,
  run: Run,
  id: string,
  { status, settle_group: settleGroup, replay_of: replayOf, open_key: orderKey }: Row,
  request: OperatorRequest,
): Promise<Discarded> {
  const causes = causesOf(id, replayOf ?? id, settleGroup);
  if (status !== 'DEAD') return { id, outcome: 'not-discardable', orderKey: null };
  const unresolved = await lockParked(own, run, causes);
  // A key that is still held although nothing is unresolved: somebody resolved the error rows by hand. Let it go.
  if (unresolved.length === 0 && orderKey === null) return { id, outcome: 'not-discardable', orderKey: null };
  await resolveErrors(own, run, causes, request, 'discarded');
  await run(
    sql`UPDATE ${raw(own.tables.statusLog)} SET open_key = NULL, updated_at = ${own.dialect.nowMs} WHERE id = ${id}`,
  );
  return { id, outcome: 'discarded', orderKey };
}

async function discardParked(own: OwnConnections, run: Run, id: string, request: OperatorRequest): Promise<Discarded> {
  const [parked] = await lockParked(own, run, sql`id = ${id} AND direction = 'CONSUME'`);
  if (!parked) return { id, outcome: 'not-found', orderKey: null };
  const { message_id: messageId, group_id: groupId } = parked;
  if (!isUnresolved(parked) || messageId === null || groupId === null)
    return { id, outcome: 'not-discardable', orderKey: null };
  await resolveErrors(own, run, failuresOf(groupId, messageId), request, 'discarded');
  return { id, outcome: 'discarded', orderKey: null };
}
