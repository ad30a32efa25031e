/** Cuts a list into parts of `size`, so that statements do not get too long. An empty list has no parts. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

/** How many rows one statement reads or writes by primary key: few enough for any optimizer, many enough that the round trip does not matter. */
export const IDS_AT_ONCE = 1_000;
