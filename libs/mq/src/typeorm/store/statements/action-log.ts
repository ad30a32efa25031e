import type { ActionName, SharedAction } from '../../../core/store/action-store.js';
import type { OperatorRequest } from '../../../core/store/admin-store.js';
import { uuidV7 } from '../../../core/runtime/uuid-v7.js';
import { raw, sql } from '../../sql/sql.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { recordAction } from './record-action.js';

/** Ids in one row: what is added to it is written anew each time. */
const IDS_IN_A_ROW = 100;

type Written = NonNullable<SharedAction['written']>;

/**
 * Writes down one call of an operator about many messages: in each message's transaction, so that the row says what was done and
 * nothing else, whenever the process ends; and in one row for a hundred of them, so that a bulk is a few lines to read.
 */
export class ActionLog {
  private readonly action: SharedAction;

  constructor(
    private readonly own: OwnConnections,
    private readonly connection: string,
    private readonly name: ActionName,
    private readonly ids: readonly string[],
    private readonly request: OperatorRequest,
  ) {
    this.action = request.shared ?? { written: null };
  }

  /** Runs `work` for this id in a transaction, which may take several tries. What is done in it is written down. */
  async transaction<T>(id: string, work: (run: Run) => Promise<T>, isDone: (result: T) => boolean): Promise<T> {
    const before = this.action.written;
    // Whether a COMMIT without an answer has added to the row, nobody knows: then the next id begins another one.
    this.action.written = null;
    const { result, written } = await this.own.transaction(async (run) => {
      const outcome = await work(run);
      return { result: outcome, written: isDone(outcome) ? await this.write(run, id, before) : before };
    });
    this.action.written = written;
    return result;
  }

  private async write(run: Run, id: string, written: Written | null): Promise<Written> {
    const { connection, name: action, own } = this;
    const {
      owner: actor,
      reason,
      details: more,
      target = this.ids.length === 1 ? id : `${this.ids.length} ids`,
    } = this.request;
    if (written === null || written.ids.length >= IDS_IN_A_ROW) {
      const rowId = uuidV7();
      const details = { ...more, ids: [id] };
      await recordAction(own, run, { connection, action, actor, reason, target, details, affected: 1 }, rowId);
      return { rowId, ids: [id] };
    }
    const ids = [...written.ids, id];
    await run(sql`UPDATE ${raw(own.tables.action)} SET details = ${JSON.stringify({ ...more, ids })}, affected = ${ids.length}
      WHERE id = ${written.rowId}`);
    return { rowId: written.rowId, ids };
  }
}
