/** Milliseconds, or a number with one unit: `'500ms'`, `'10s'`, `'5m'`, `'1h'`, `'7d'`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PATTERN = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** Milliseconds of a {@link Duration}, or `undefined` when it is none: negative, not finite, or in no known unit. */
export function tryParseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const match = PATTERN.exec(value.trim());
  return match ? Math.round(Number(match[1]) * UNITS[match[2]!]!) : undefined;
}

/** Milliseconds of a {@link Duration}. @throws {RangeError} when it is none. */
export function parseDuration(value: Duration): number {
  const ms = tryParseDuration(value);
  if (ms === undefined) {
    throw new RangeError(
      `${JSON.stringify(value)} is no duration; write milliseconds or '500ms', '10s', '5m', '1h', '7d'`,
    );
  }
  return ms;
}
