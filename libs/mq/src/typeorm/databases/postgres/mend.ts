import type { Mend } from '../examination.js';
import { postgresSyntax } from './syntax.js';

const quote = (name: string): string => postgresSyntax.quote(name);
/** The schema of a table that is written with one. */
const besides = (table: string, name: string): string =>
  table.includes('.') ? `${table.slice(0, table.lastIndexOf('.'))}.${quote(name)}` : quote(name);

export const postgresMend: Mend = {
  addColumn: (table, name, definition) => `ALTER TABLE ${table} ADD COLUMN ${name} ${definition};`,
  changeColumn: (table, name, { type, collation }) =>
    `ALTER TABLE ${table} ALTER COLUMN ${name} TYPE ${type}${/^(varchar|text)/.test(type) ? ` COLLATE ${quote(collation ?? 'default')}` : ''};`,
  relaxColumn: (table, name) => `ALTER TABLE ${table} ALTER COLUMN ${quote(name)} DROP NOT NULL;`,
  addIndex: (table, index, definition) =>
    index === null
      ? `ALTER TABLE ${table} ADD PRIMARY KEY ${definition};`
      : `CREATE INDEX CONCURRENTLY ${quote(index)} ON ${table} ${definition};`,
  replaceIndex: (table, index, definition) =>
    index === null
      ? `-- the primary key of ${table} must be ${definition}: drop the one that is there and add it`
      : `DROP INDEX ${besides(table, index)}; CREATE INDEX CONCURRENTLY ${quote(index)} ON ${table} ${definition};`,
  addCheck: (table, name, definition) => `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} ${definition};`,
  enforceCheck: (table, name) => `ALTER TABLE ${table} VALIDATE CONSTRAINT ${quote(name)};`,
  cleanUp: (table) => `VACUUM (ANALYZE) ${table};`,
};
