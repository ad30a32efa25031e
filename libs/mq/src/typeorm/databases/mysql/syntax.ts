import type { SqlSyntax } from '../../sql/sql-syntax.js';

export const mysqlSyntax: SqlSyntax = {
  quote: (identifier) => `\`${identifier.replaceAll('`', '``')}\``,
  placeholder: () => '?',
  defaultSchema: ({ driver }) => driver.database || null,
};
