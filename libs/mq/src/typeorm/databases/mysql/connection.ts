import type { Duplex } from 'node:stream';
import type { DataSource, QueryRunner } from 'typeorm';
import { interruptSession, type InterruptTarget } from './interrupt.js';
import { mark, type RawConnection } from '../raw-connection.js';

interface Connection extends InterruptTarget {
  query(sql: string, values: readonly unknown[], done: (error: Error | null) => void): unknown;
  destroy(): void;
  /** The statement under way. */
  readonly _command?: unknown;
}

export class MysqlConnection implements RawConnection {
  constructor(
    private readonly runner: QueryRunner,
    private readonly connection: Connection,
  ) {}

  execute(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.connection.query(sql, [], (error) => (error ? reject(error) : resolve()));
    });
  }

  send(text: string, parameters: readonly unknown[]): void {
    this.connection.query(text, parameters, () => undefined);
  }

  get isBusy(): boolean {
    return Boolean(this.connection._command);
  }

  interrupt(signal: AbortSignal): Promise<void> {
    return interruptSession(this.runner, this.connection, signal);
  }

  /**
   * `destroy()` of the driver leaves the pool and ends its side of the socket, but keeps waiting for the server's answer.
   * Only an error on the socket fails the statements that are under way.
   */
  destroy(reason: Error): void {
    mark(this.runner, { isReleased: true });
    this.connection.destroy();
    this.connection.stream.destroy(reason);
  }
}

/** What of the driver's pool nothing public tells. */
interface Pool {
  readonly _allConnections?: { toArray?(): { readonly authorized: boolean; readonly stream: Duplex }[] };
}

/** Ends the attempts of the pool to make a connection. */
export function stopConnecting(dataSource: DataSource): void {
  const { pool } = dataSource.driver as unknown as { pool?: Pool };
  for (const { authorized, stream } of pool?._allConnections?.toArray?.() ?? []) {
    if (!authorized) stream.destroy(new Error('nobody waits for this connection any more'));
  }
}
