/** A table as this version of the library creates it. */
export interface DescribedTable {
  /** Without schema and quotes. */
  readonly name: string;
  /** Ready to stand in SQL. */
  readonly quoted: string;
  readonly columns: readonly DescribedColumn[];
  readonly indexes: readonly DescribedIndex[];
  readonly checks: readonly DescribedCheck[];
}

export interface DescribedColumn {
  readonly name: string;
  /** As the statement writes it: `varchar(36)`, `bigint`. */
  readonly type: string;
  /** `null`: the one that texts of this database have. */
  readonly collation: string | null;
  readonly nullable: boolean;
  /** What follows the name, as a statement that adds or changes the column wants it. */
  readonly definition: string;
}

export interface DescribedIndex {
  /** `null` for the primary key. */
  readonly name: string | null;
  readonly columns: readonly string[];
  /** What follows the name and the table, `(done_at) WHERE done_at IS NOT NULL`. */
  readonly definition: string;
}

export interface DescribedCheck {
  readonly name: string;
  readonly definition: string;
}

const TABLE = /^CREATE TABLE IF NOT EXISTS (.+?) \(\n([^]*)\n\)/;
const INDEX = /^CREATE INDEX IF NOT EXISTS (.+?) ON (.+?) (\(([^)]*)\).*)$/;
const COLUMN = /^([a-z_]+) ((varchar\(\d+\)|[a-z]+).*)$/;
const KEY = /^(?:KEY (\S+)|(?:CONSTRAINT \S+ )?PRIMARY KEY) (\(([^)]*)\))$/;
const CHECK = /^CONSTRAINT (\S+) (CHECK \(.*\))$/;

/** Reads the statements that create the tables, so that there is no second list to keep. They have one part a line, keywords in upper case. */
export function describedTables(statements: readonly string[]): DescribedTable[] {
  const apart = statements.flatMap((statement) => {
    const [, index, table, definition, columns] = INDEX.exec(statement) ?? [];
    return index
      ? [{ table: table!, index: { name: bare(index), definition: definition!, columns: listed(columns!) } }]
      : [];
  });
  return statements.flatMap((statement) => {
    const [, quoted, body] = TABLE.exec(statement) ?? [];
    if (!quoted) return [];
    const parts = body!.split('\n').map((line) => line.trim().replace(/,$/, ''));
    return [
      {
        name: bare(quoted),
        quoted,
        columns: parts.flatMap(column),
        indexes: [...parts.flatMap(key), ...apart.filter(({ table }) => table === quoted).map(({ index }) => index)],
        checks: parts.flatMap(check),
      },
    ];
  });
}

function column(part: string): DescribedColumn[] {
  const [, name, definition, type] = COLUMN.exec(part) ?? [];
  if (!name) return [];
  const collation = /COLLATE "?(\w+)"?/.exec(definition!)?.[1] ?? null;
  return [{ name, type: type!, collation, nullable: !/NOT NULL|IDENTITY/.test(definition!), definition: definition! }];
}

function key(part: string): DescribedIndex[] {
  const [, name, definition, columns] = KEY.exec(part) ?? [];
  return columns === undefined
    ? []
    : [{ name: name ? bare(name) : null, definition: definition!, columns: listed(columns) }];
}

function check(part: string): DescribedCheck[] {
  const [, name, definition] = CHECK.exec(part) ?? [];
  return name ? [{ name: bare(name), definition: definition! }] : [];
}

/** Prefixes and schemas hold neither quotes nor points. */
const bare = (quoted: string): string => quoted.split('.').at(-1)!.slice(1, -1);
const listed = (columns: string): string[] => columns.split(', ');
