import type { QueryRunner } from 'typeorm';
import { mark, type RawConnection } from './raw-connection.js';

interface Client {
  query(sql: string): Promise<unknown>;
}

/** What `PostgresQueryRunner` has beyond the interface, in every version that this library supports. */
type Releasable = QueryRunner & { releasePostgresConnection(reason?: Error): Promise<void> };

export class PostgresConnection implements RawConnection {
  constructor(
    private readonly runner: QueryRunner,
    private readonly client: Client,
  ) {}

  async execute(sql: string): Promise<void> {
    await this.client.query(sql);
  }

  /**
   * Through the query runner and not `client.release(error)`: it is on a list of its driver as well, and a released
   * runner that stays on that list makes `dataSource.destroy()` loop for ever.
   */
  destroy(reason: Error): void {
    mark(this.runner, { isReleased: false });
    void (this.runner as Releasable).releasePostgresConnection(reason);
  }
}
