/** Bytes, or a number with one unit: `'512KB'`, `'64MB'`, `'1GB'`. A kilobyte has 1,024 bytes. */
export type Bytes = number | string;

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1_024, mb: 1_048_576, gb: 1_073_741_824 };
const PATTERN = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)$/;

/** Number of {@link Bytes}, or `undefined` when it is none: negative, not finite, or in no known unit. */
export function tryParseBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const match = PATTERN.exec(value.trim().toLowerCase());
  return match ? Math.round(Number(match[1]) * UNITS[match[2]!]!) : undefined;
}
