/** Whose SQL can be written without a server to ask, and what its catalogue would answer about collations. */
export const MIGRATION_COLLATIONS = {
  postgres: null,
  mysql: 'utf8mb4_0900_bin',
  mariadb: 'utf8mb4_nopad_bin',
} as const;

export type MigrationDialect = keyof typeof MIGRATION_COLLATIONS;
export const MIGRATION_DIALECTS = Object.keys(MIGRATION_COLLATIONS) as MigrationDialect[];
