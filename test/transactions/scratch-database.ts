import { randomBytes } from 'node:crypto';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Note } from './note.entity.js';

export type DatabaseKind = 'postgres' | 'mysql';
export const DATABASE_KINDS: readonly DatabaseKind[] = ['postgres', 'mysql'];

const SERVERS: Record<DatabaseKind, DataSourceOptions> = {
  postgres: { type: 'postgres', host: '127.0.0.1', port: 5432, username: 'postgres', database: 'postgres' },
  mysql: { type: 'mysql', host: '127.0.0.1', port: 3306, username: 'root' },
};

/** A database of its own for a spec file, with the table of {@link Note}. */
export class ScratchDatabase {
  private readonly opened: DataSource[] = [];
  private constructor(
    readonly kind: DatabaseKind,
    private readonly name: string,
  ) {}

  static async create(kind: DatabaseKind): Promise<ScratchDatabase> {
    const database = new ScratchDatabase(kind, `mq_test_${randomBytes(6).toString('hex')}`);
    await onServer(kind, `CREATE DATABASE ${database.name}`);
    const first = await database.connect();
    await first.synchronize();
    return database;
  }

  async connect(extra: { poolSize?: number } = {}): Promise<DataSource> {
    const dataSource = new DataSource({
      ...SERVERS[this.kind],
      database: this.name,
      entities: [Note],
      ...extra,
    } as DataSourceOptions);
    this.opened.push(dataSource);
    return dataSource.initialize();
  }

  async drop(): Promise<void> {
    await Promise.all(this.opened.filter((d) => d.isInitialized).map((d) => d.destroy()));
    await onServer(this.kind, `DROP DATABASE ${this.name}`);
  }
}

async function onServer(kind: DatabaseKind, sql: string): Promise<void> {
  const server = await new DataSource(SERVERS[kind]).initialize();
  try {
    await server.query(sql);
  } finally {
    await server.destroy();
  }
}
