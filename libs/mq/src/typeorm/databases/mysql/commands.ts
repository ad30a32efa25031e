/**
 * What a command can have done to a transaction that it ran in.
 *
 * - `harmless`: nothing, unless it fails.
 * - `commit`: a plain COMMIT.
 * - `unknown`: anything. Answers alone do not tell: a procedure may run ROLLBACK and START TRANSACTION, and its answer says that a
 *   transaction is open, as before.
 */
export type CommandKind = 'harmless' | 'commit' | 'unknown';

/** What of a command of `mysql2` is used here. */
interface Command {
  readonly sql?: unknown;
  readonly _resultIndex?: unknown;
  /** Of prepared ones, which have been sent before. */
  readonly statement?: unknown;
}

/** `CLIENT_MULTI_STATEMENTS` of the client protocol: without it the server refuses a text of several statements. */
const MULTI_STATEMENTS = 0x10000;

/**
 * Statements that cannot end a transaction or undo a part of it. Triggers and stored functions, which they may run, cannot either:
 * MySQL refuses to create those with explicit or implicit commits and rollbacks (manual, "Restrictions on Stored Programs"). A text that
 * begins with a comment is unknown: comments may be executed.
 */
const HARMLESS = /^\s*(?:INSERT|UPDATE|DELETE|SELECT|REPLACE|WITH|SAVEPOINT|RELEASE)\b/i;

export function kindOf(command: Command, severalAtOnce: boolean): CommandKind {
  const { sql } = command;
  if (typeof sql !== 'string' || !('_resultIndex' in command) || 'statement' in command) return 'unknown';
  if (sql === 'COMMIT') return 'commit';
  if (severalAtOnce && sql.includes(';')) return 'unknown';
  return HARMLESS.test(sql) ? 'harmless' : 'unknown';
}

export function allowsSeveral(clientFlags: number | undefined): boolean {
  return clientFlags === undefined || (clientFlags & MULTI_STATEMENTS) !== 0;
}
