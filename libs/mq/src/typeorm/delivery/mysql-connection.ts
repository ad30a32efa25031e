import type { QueryRunner } from 'typeorm';
import { mark, type RawConnection } from './raw-connection.js';

interface Connection {
  query(sql: string, done: (error: Error | null) => void): unknown;
  destroy(): void;
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

  destroy(): void {
    mark(this.runner, { isReleased: true });
    this.connection.destroy();
  }
}
