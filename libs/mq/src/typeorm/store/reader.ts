import type { Dialect } from '../databases/dialect.js';
import type { Sql } from '../sql/sql.js';
import type { TableNames } from '../sql/table-names.js';

/** Where SELECTs run: each by itself, or all of them in one snapshot. */
export interface Reader {
  readonly dialect: Dialect;
  readonly tables: TableNames;
  read<Row>(statement: Sql): Promise<Row[]>;
}
