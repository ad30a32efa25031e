import { DataSource, type DataSourceOptions } from 'typeorm';
import { runMqMigrations } from 'nestjs-reliable-mq/typeorm';

/**
 * Connects, and brings the tables of the library and of the shop up to date before anything else starts. Any number of
 * processes may do so at once, on an empty database too: `own: true` runs the shop's migrations under the library's
 * lock, which TypeORM's `migrationsRun` does not have.
 */
export async function openDatabase(options?: DataSourceOptions): Promise<DataSource> {
  const dataSource = await new DataSource(options!).initialize();
  try {
    await runMqMigrations(dataSource, { own: true });
    return dataSource;
  } catch (error) {
    // Nest tries again with a new one.
    await dataSource.destroy();
    throw error;
  }
}
