import type { DataSource } from 'typeorm';
import { detectDialect } from '../databases/detect-dialect.js';

/** Both `pg` and `mysql2` make ten connections unless told otherwise. */
const DRIVER_DEFAULT = 10;

/**
 * Tells how many connections the data source's pool may have. With too large a number, deliveries would take all of them and
 * wait for one more for ever.
 */
export function poolSizeOf(dataSource: DataSource): number {
  return wholeNumber(detectDialect(dataSource).poolLimit(dataSource)) ?? leastInOptions(dataSource) ?? DRIVER_DEFAULT;
}

/** The smallest number in the options, for a driver whose pool cannot be asked: it is never too large. */
function leastInOptions({ options }: DataSource): number | null {
  const { poolSize, extra } = options as { poolSize?: unknown; extra?: { max?: unknown; connectionLimit?: unknown } };
  const named = [poolSize, extra?.max, extra?.connectionLimit].flatMap((value) => wholeNumber(value) ?? []);
  return named.length === 0 ? null : Math.min(...named);
}

/** Drivers also take a number as text, as environment variables have it. */
function wholeNumber(value: unknown): number | null {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : null;
}
