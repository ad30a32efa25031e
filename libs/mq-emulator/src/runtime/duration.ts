/** Milliseconds, or a number with a unit: `'500ms' '10s' '5m' '1h' '7d'`. */
export type Duration = number | string;

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The milliseconds of a duration.
 *
 * @throws RangeError naming what was given, when it is negative, not finite or has no known unit
 */
export function parseDuration(value: Duration): number {
  const text = String(value).trim();
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const unit = match && UNITS[match[2] ?? 'ms'];
  if (!match || !unit) {
    throw new RangeError(`"${text}" is not a duration; write milliseconds or 500ms, 10s, 5m, 1h, 7d`);
  }
  return Math.round(Number(match[1]) * unit);
}
