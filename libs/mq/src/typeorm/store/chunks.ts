/** Cuts a list where statements would get too long. An empty list has no chunks. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

/** Rows by primary key in one statement: few enough for any optimizer, many enough that the round trip does not count. */
export const IDS_AT_ONCE = 1_000;
