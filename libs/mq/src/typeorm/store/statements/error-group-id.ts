import type { Dialect } from '../../databases/dialect.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';

/** Enough to tell a few thousand groups apart, and short enough to be typed. */
const DIGITS = 12;

/**
 * What differs from one case to the next of the same error: texts in quotes, and words with a digit in them, which are numbers
 * and ids. One simple pattern after the other and not one with alternatives: databases differ in which of those they prefer.
 * The part before the digit is bounded, or a text of one long word would be read once for each of its letters.
 */
const VARIES = [`'[^']*'`, '"[^"]*"', '[A-Za-z_-]{0,32}[0-9][A-Za-z0-9_-]*'];

const SEPARATOR = '\u001f';
const KEY = ['direction', 'topic_alias', 'group_alias', 'error_code', 'error_class'];

/**
 * Id of the group of equal errors that row `e` of the error table belongs to: a hash of what they have in common. Made in
 * SQL, so that it can be grouped and filtered by without reading the texts, and the same on every database.
 */
export function errorGroupId(dialect: Dialect): Sql {
  const message = VARIES.reduce((text, pattern) => dialect.replaceAll(text, pattern, '?'), raw('e.message'));
  // In one collation: MySQL joins no texts that have different ones.
  const parts = [...KEY.map((column) => raw(`COALESCE(e.${column}, '')`)), message].map((part) => dialect.asId(part));
  const whole = sql`CONCAT(${join(parts, `, '${SEPARATOR}', `)})`;
  return sql`SUBSTRING(${dialect.sha256(whole)}, 1, ${raw(String(DIGITS))})`;
}
