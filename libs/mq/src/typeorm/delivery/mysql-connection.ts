import type { QueryRunner } from 'typeorm';
import { killSession, type KillTarget } from './mysql-kill.js';
import { mark, type RawConnection } from './raw-connection.js';

interface Connection extends KillTarget {
  query(sql: string, done: (error: Error | null) => void): unknown;
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
      this.connection.query(sql, (error) => (error ? reject(error) : resolve()));
    });
  }

  get isBusy(): boolean {
    return Boolean(this.connection._command);
  }

  interrupt(signal: AbortSignal): Promise<void> {
    return killSession(this.runner, this.connection, signal);
  }

  /**
   * `destroy()` of the driver leaves the pool and ends its side of the socket, but keeps waiting for what the server
   * still has to say. Only an error on the socket fails the statements that are under way.
   */
  destroy(reason: Error): void {
    mark(this.runner, { isReleased: true });
    this.connection.destroy();
    this.connection.stream.destroy(reason);
  }
}
