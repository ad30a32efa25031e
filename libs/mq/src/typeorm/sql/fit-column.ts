/**
 * Shortens a text so that it fits into a column of `max` characters. For descriptions only: a message or an id is never shortened.
 *
 * An error that cannot be written would undo the change of state that it explains, so everything a database refuses is
 * taken care of here: length (strict MySQL), U+0000 (PostgreSQL), and half a surrogate pair at the cut.
 */
export function fitColumn(text: string, max: number): string {
  const clean = storable(text);
  if (clean.length <= max) return clean;
  return `${clean.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** PostgreSQL has no U+0000 in texts. In the copy of a foreign message it becomes U+FFFD: better than no copy at all. */
export function storable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}
