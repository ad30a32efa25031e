/** Longest text that the columns hold. */
const MAX_LENGTH = 64;
/** Control characters, and halves of a surrogate pair: neither can be stored. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Why this is no sku; `null` when it is one. Blanks at its ends would count in one database and not in the other. */
export function skuProblem(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return 'sku must be a text that is not empty';
  if (value.length > MAX_LENGTH) return `sku must not have more than ${MAX_LENGTH} characters`;
  if (value.trim() !== value) return 'sku must not begin or end with a blank';
  if (UNPRINTABLE.test(value)) return 'sku must not contain control characters';
  return null;
}
