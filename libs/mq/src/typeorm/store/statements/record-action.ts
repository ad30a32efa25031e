import type { NewAction } from '../../../core/store/action-store.js';
import { uuidV7 } from '../../../core/runtime/uuid-v7.js';
import { fitColumn } from '../../sql/fit-column.js';
import { raw, sql } from '../../sql/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';

/** Writes down what an operator does, in the transaction that does it. */
export async function recordAction(
  own: OwnConnections,
  run: Run,
  action: NewAction,
  id: string = uuidV7(),
): Promise<void> {
  const { connection, action: name, actor, reason, target, details = {}, affected } = action;
  await run(sql`
    INSERT INTO ${raw(own.tables.action)} (id, connection, action, actor, reason, target, details, affected, created_at)
    VALUES (${id}, ${connection}, ${name}, ${fitColumn(actor, 128)}, ${fitColumn(reason, 2_000)}, ${fitColumn(target, 255)},
      ${JSON.stringify(details)}, ${affected}, ${own.dialect.nowMs})`);
}
