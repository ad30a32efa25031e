import type { Mend } from '../examination.js';
import { mysqlSyntax } from './syntax.js';

const quote = (name: string): string => mysqlSyntax.quote(name);

export const mysqlMend: Mend = {
  addColumn: (table, name, definition) => `ALTER TABLE ${table} ADD COLUMN ${name} ${definition};`,
  changeColumn: (table, name, { definition }) => `ALTER TABLE ${table} MODIFY ${name} ${definition};`,
  relaxColumn: (table, name, type) => `ALTER TABLE ${table} MODIFY ${quote(name)} ${type} NULL;`,
  addIndex: (table, index, definition) =>
    `ALTER TABLE ${table} ADD ${index === null ? 'PRIMARY KEY' : `KEY ${quote(index)}`} ${definition};`,
  replaceIndex: (table, index, definition) =>
    index === null
      ? `ALTER TABLE ${table} DROP PRIMARY KEY, ADD PRIMARY KEY ${definition};`
      : // Two statements: one that does both leaves an index of the same columns as hidden as it was.
        `ALTER TABLE ${table} DROP KEY ${quote(index)}; ALTER TABLE ${table} ADD KEY ${quote(index)} ${definition};`,
  addCheck: (table, name, definition) => `ALTER TABLE ${table} ADD CONSTRAINT ${quote(name)} ${definition};`,
  enforceCheck: (table, name) => `ALTER TABLE ${table} ALTER CHECK ${quote(name)} ENFORCED;`,
  cleanUp: (table) => `OPTIMIZE TABLE ${table};`,
};
