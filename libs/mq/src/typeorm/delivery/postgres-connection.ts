import type { QueryRunner } from 'typeorm';
import { cancelStatement, type CancelTarget } from './postgres-cancel.js';
import { mark, type RawConnection } from './raw-connection.js';

interface Client extends CancelTarget {
  query(sql: string): Promise<unknown>;
  readonly readyForQuery?: boolean;
  once(event: 'drain' | 'end', listener: () => void): unknown;
}

/** What `PostgresQueryRunner` has beyond the interface, in every version that this library supports. */
type Releasable = QueryRunner & { releasePostgresConnection(reason?: Error): Promise<void> };

export class PostgresConnection implements RawConnection {
  constructor(
    private readonly runner: QueryRunner,
    private readonly client: Client,
  ) {}

  /** `pg` leaves a client that died at its work marked as busy, for good. */
  get isBusy(): boolean {
    return this.client.readyForQuery === false && !this.client.connection?.stream.closed;
  }

  /** Waits for its turn here, because `pg` is going to refuse statements while it is busy; it already warns. */
  async execute(sql: string): Promise<void> {
    if (this.isBusy) await this.idle();
    await this.client.query(sql);
  }

  interrupt(signal: AbortSignal): Promise<void> {
    return cancelStatement(this.client, signal);
  }

  /**
   * Through the query runner and not `client.release(error)`: it is on a list of its driver as well, and a released
   * runner that stays on that list makes `dataSource.destroy()` loop for ever.
   */
  destroy(reason: Error): void {
    mark(this.runner, { isReleased: false });
    void (this.runner as Releasable).releasePostgresConnection(reason);
    // The pool says goodbye to an idle server and keeps the socket until that answers.
    this.client.connection?.stream.destroy();
  }

  private idle(): Promise<void> {
    return new Promise((resolve) => {
      this.client.once('drain', resolve);
      this.client.once('end', resolve);
    });
  }
}
