/** Removes the environment's suffix from a tag; a tag of another environment stays as it is. */
export function plainTag(wireTag: string | null, tagSuffix: string): string | null {
  if (wireTag === null || tagSuffix === '' || !wireTag.endsWith(tagSuffix)) return wireTag;
  return wireTag.slice(0, -tagSuffix.length);
}
