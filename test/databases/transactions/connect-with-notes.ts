import type { DataSource, DataSourceOptions } from 'typeorm';
import type { TestDatabase } from '../../support/database.js';
import { Note } from './note.entity.js';

/** A data source that knows {@link Note}, and its table. */
export async function connectWithNotes(
  db: TestDatabase,
  options: Partial<DataSourceOptions> = {},
): Promise<DataSource> {
  await db.query(`CREATE TABLE IF NOT EXISTS note (id varchar(64) PRIMARY KEY, text varchar(200) NOT NULL DEFAULT '')`);
  return db.connect({ entities: [Note], ...options });
}
