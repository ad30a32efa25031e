import type { SqlSyntax } from '../../sql/sql-syntax.js';

export const postgresSyntax: SqlSyntax = {
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  placeholder: (position) => `$${position}`,
  defaultSchema: ({ driver }) => driver.schema || null,
};
