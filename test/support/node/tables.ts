import type { EntityManager } from 'typeorm';
import { busyConnections, type TestDatabase } from '../database.js';
import { eventually } from '../eventually.js';
import type { Node } from './node.js';

export interface InboxRow {
  readonly message_id: string;
  readonly group_id: string;
  readonly state: string;
}
export interface ErrorRow {
  readonly id: string;
  readonly message_id: string | null;
  readonly direction: string;
  readonly error_code: string;
  readonly attempt: number;
  readonly parked: boolean | number;
  readonly payload: string | null;
  readonly payload_encoding: string | null;
  readonly group_id: string | null;
  readonly resolution: string | null;
}
export interface StatusRow {
  readonly id: string;
  readonly status: string;
  readonly failed_count: number;
  readonly started_count: number;
  readonly due_at: string | null;
  readonly lease_token: string | null;
  readonly lease_owner: string | null;
  readonly broker_message_id: string | null;
  readonly last_error_code: string | null;
  readonly replay_of: string | null;
}

/** What the tests of this `describe` find in the database, seen from outside of every application. Empty before each test. */
export class Tables {
  constructor(private readonly db: TestDatabase) {
    beforeAll(() => db.query('CREATE TABLE effects (message_id varchar(300), note varchar(300))'));
    beforeEach(async () => {
      await db.query('DELETE FROM effects');
      // Not there before the first application of the file has migrated.
      for (const table of ['mq_status_log', 'mq_error_log', 'mq_inbox'])
        await db.query(`DELETE FROM ${table}`).catch(() => undefined);
    });
  }

  /** What a handler does: a row, in the transaction that it was given. */
  async effect({ manager }: { manager: EntityManager }, { id }: { id: string }, note = ''): Promise<void> {
    await manager.query(`INSERT INTO effects (message_id, note) VALUES ('${id}', '${note}')`);
  }

  async effects(): Promise<string[]> {
    const rows = await this.db.query<{ message_id: string }>('SELECT message_id FROM effects ORDER BY message_id');
    return rows.map((row) => row.message_id);
  }

  async notes(): Promise<string[]> {
    return (await this.db.query<{ note: string }>('SELECT note FROM effects')).map(({ note }) => note).toSorted();
  }

  inbox(): Promise<InboxRow[]> {
    return this.db.query('SELECT message_id, group_id, state FROM mq_inbox ORDER BY group_id, message_id');
  }

  errors(): Promise<ErrorRow[]> {
    return this.db.query('SELECT * FROM mq_error_log ORDER BY id');
  }

  statuses(): Promise<StatusRow[]> {
    return this.db.query('SELECT * FROM mq_status_log ORDER BY id');
  }

  /** Waits until an instance holds no connection of its pool. */
  async poolIsFree({ dataSource }: Pick<Node, 'dataSource'>): Promise<void> {
    await eventually(() => busyConnections(dataSource) === 0, { what: 'every connection given back' });
  }
}
