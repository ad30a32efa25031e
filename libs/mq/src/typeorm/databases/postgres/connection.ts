import type { Duplex } from 'node:stream';
import type { DataSource, QueryRunner } from 'typeorm';
import { interruptStatement, type InterruptTarget } from './interrupt.js';
import { mark, type RawConnection } from '../raw-connection.js';

interface Client extends InterruptTarget {
  query(sql: string, values?: readonly unknown[]): Promise<unknown>;
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

  /** `pg` leaves a client marked as busy for ever if it lost its connection during a statement. */
  get isBusy(): boolean {
    return this.client.readyForQuery === false && !this.client.connection?.stream.closed;
  }

  send(text: string, parameters: readonly unknown[]): void {
    this.client.query(text, parameters).catch(() => undefined);
  }

  /** Waits until the client is idle, because a later `pg` is going to refuse statements on a busy client; it already warns. */
  async execute(sql: string): Promise<void> {
    if (this.isBusy) await this.whenIdle();
    await this.client.query(sql);
  }

  interrupt(signal: AbortSignal): Promise<void> {
    return interruptStatement(this.client, signal);
  }

  /**
   * Through the query runner and not `client.release(error)`: the driver keeps a list of query runners as well, and a
   * released runner that stays on that list makes `dataSource.destroy()` loop for ever.
   */
  destroy(reason: Error): void {
    mark(this.runner, { isReleased: false });
    void (this.runner as Releasable).releasePostgresConnection(reason);
    // The pool sends Terminate and keeps the socket until the server closes it, which a frozen one never does.
    this.client.connection?.stream.destroy();
  }

  private whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.client.once('drain', resolve);
      this.client.once('end', resolve);
    });
  }
}

/** What of the driver's pool nothing public tells. It does the same by itself, if `connectionTimeoutMillis` is set. */
interface Pool {
  readonly _clients?: readonly { readonly _connecting: boolean; readonly connection: { readonly stream: Duplex } }[];
}

/** Ends the attempts of the pool to make a connection. */
export function stopConnecting(dataSource: DataSource): void {
  const { master } = dataSource.driver as unknown as { master?: Pool };
  for (const { _connecting, connection } of master?._clients ?? []) {
    if (_connecting) connection.stream.destroy();
  }
}
