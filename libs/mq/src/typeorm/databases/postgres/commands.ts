/** What `query()` of a client of `pg` takes. */
type Query = string | { readonly text?: unknown } | null | undefined;

/**
 * Statements of which none commits: triggers and functions, which they may run, cannot either (PostgreSQL, "Transaction
 * Management" of PL/pgSQL: only procedures and DO, and not in a transaction that was begun before). Everything else, a text that begins
 * with a comment or has another statement behind it among it, may.
 */
const STAYS = /^\s*(?:INSERT|UPDATE|DELETE|SELECT|WITH|SAVEPOINT|RELEASE|ROLLBACK)\b/i;

/** Whether a query may commit the transaction that it runs in. */
export function mayCommit(query: Query): boolean {
  const text = typeof query === 'string' ? query : query?.text;
  return typeof text !== 'string' || !STAYS.test(text) || hasSeveral(text);
}

/** Also where the semicolon is in a literal. */
function hasSeveral(text: string): boolean {
  const first = text.indexOf(';');
  return first >= 0 && text.slice(first + 1).trim() !== '';
}
