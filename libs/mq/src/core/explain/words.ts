/** An instant as texts show it: to the second, UTC. */
export function at(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A length of time in its largest unit: `90 s`, `5 min`, `26 h`, `3 d`. */
export function span(ms: number): string {
  const length = Math.abs(ms);
  const [size, unit] = UNITS.find(([least]) => length >= 2 * least) ?? [1_000, 's'];
  return `${Math.round(length / size)} ${unit}`;
}

/** `3 s ago`, or `in 3 s`. */
export function away(ms: number, now: number): string {
  return ms > now ? `in ${span(ms - now)}` : `${span(now - ms)} ago`;
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function listed(names: readonly string[]): string {
  if (names.length <= 2) return names.join(' and ');
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

export function times(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `1 ${one}` : `${count} ${many}`;
}
