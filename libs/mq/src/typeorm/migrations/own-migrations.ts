import { DataSource, MigrationExecutor, type DataSourceOptions, type QueryRunner } from 'typeorm';

/** Runs the application's migrations as `dataSource.runMigrations()` does, on a connection of our choice. */
export class OwnMigrations {
  private readonly executor: MigrationExecutor;

  constructor(
    private readonly dataSource: DataSource,
    runner: QueryRunner,
  ) {
    this.executor = new MigrationExecutor(dataSource, runner);
    this.executor.transaction = dataSource.options.migrationsTransactionMode ?? 'all';
  }

  /** Whether some of them begin and end transactions, or must not run in one (`CREATE INDEX CONCURRENTLY`). */
  get wantTheirOwnTransactions(): boolean {
    return this.executor.transaction !== 'all';
  }

  /** Older versions of TypeORM create their table here, which fails where copies do so at once: then the lock tells. */
  async pending(): Promise<boolean> {
    try {
      return (await this.executor.getPendingMigrations()).length > 0;
    } catch {
      return true;
    }
  }

  async run(): Promise<void> {
    await this.executor.executePendingMigrations();
  }

  /** For what must be in another transaction than the migrations, with a pool that may have one connection only. */
  async onOtherConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const other = await new DataSource({
      ...this.dataSource.options,
      entities: [],
      subscribers: [],
      migrations: [],
      cache: false,
      // What TypeORM would do to the tables when it connects.
      migrationsRun: false,
      synchronize: false,
      dropSchema: false,
    } as DataSourceOptions).initialize();
    const runner = other.createQueryRunner('master');
    try {
      return await work(runner);
    } finally {
      await runner.release();
      await other.destroy();
    }
  }
}
