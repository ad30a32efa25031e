import type { Logger } from 'typeorm';

export interface Recorded {
  readonly sql: string;
  readonly parameters: unknown[];
}

/** Keeps the statements of a data source, so that a test can ask the database for their plans. */
export class RecordingLogger implements Logger {
  readonly statements: Recorded[] = [];
  readonly errors: unknown[] = [];

  logQuery(sql: string, parameters: unknown[] = []): void {
    this.statements.push({ sql, parameters });
  }

  /** The last statement that matches. */
  last(pattern: RegExp): Recorded {
    const found = this.statements.findLast(({ sql }) => pattern.test(sql));
    if (!found) throw new Error(`no statement matched ${pattern}`);
    return found;
  }

  logQueryError(error: string | Error): void {
    this.errors.push(error);
  }
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
