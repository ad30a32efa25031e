import type { DiscardOutcome, OperatorRequest } from '../../../core/store/admin-store.js';
import { raw, sql } from '../../dialects/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { causesOf, failuresOf, isOpen, lockParked, resolveErrors } from './resolve-errors.js';

interface Row {
  readonly status: string;
  readonly settle_group: string | null;
  readonly replay_of: string | null;
  readonly open_key: string | null;
}

export interface Discarded extends DiscardOutcome {
  /** The ordering key that was let go. */
  readonly openKey: string | null;
}

/**
 * Ends one dead row of the outbox, or one parked delivery, in one transaction.
 *
 * The dead row stays `DEAD`, with its error rows resolved: what prune, counts and people take for "somebody has decided".
 * A status of its own would say the same a second time.
 */
export function discardOne(own: OwnConnections, id: string, request: OperatorRequest): Promise<Discarded> {
  return own.transaction(async (run): Promise<Discarded> => {
    const [row] = (
      await run<Row>(
        sql`SELECT status, settle_group, replay_of, open_key FROM ${raw(own.tables.statusLog)} WHERE id = ${id} FOR UPDATE`,
      )
    ).rows;
    return row ? discardDead(own, run, id, row, request) : discardParked(own, run, id, request);
  });
}

async function discardDead(
  own: OwnConnections,
  run: Run,
  id: string,
  { status, settle_group: settleGroup, replay_of: replayOf, open_key: openKey }: Row,
  request: OperatorRequest,
): Promise<Discarded> {
  const causes = causesOf(id, replayOf ?? id, settleGroup);
  if (status !== 'DEAD') return { id, outcome: 'not-discardable', openKey: null };
  const open = await lockParked(own, run, causes);
  // A key that is still held although nothing is unresolved: somebody resolved the error rows by hand. Let it go.
  if (open.length === 0 && openKey === null) return { id, outcome: 'not-discardable', openKey: null };
  await resolveErrors(own, run, causes, request);
  await run(
    sql`UPDATE ${raw(own.tables.statusLog)} SET open_key = NULL, updated_at = ${own.dialect.nowMs} WHERE id = ${id}`,
  );
  return { id, outcome: 'discarded', openKey };
}

async function discardParked(own: OwnConnections, run: Run, id: string, request: OperatorRequest): Promise<Discarded> {
  const [parked] = await lockParked(own, run, sql`id = ${id} AND direction = 'CONSUME'`);
  if (!parked) return { id, outcome: 'not-found', openKey: null };
  const { message_id: messageId, group_id: groupId } = parked;
  if (!isOpen(parked) || messageId === null || groupId === null)
    return { id, outcome: 'not-discardable', openKey: null };
  await resolveErrors(own, run, failuresOf(groupId, messageId), request);
  return { id, outcome: 'discarded', openKey: null };
}
