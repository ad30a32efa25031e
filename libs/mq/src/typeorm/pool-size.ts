import type { DataSource } from 'typeorm';
import { detectDialect } from './dialects/detect-dialect.js';

/** Both `pg` and `mysql2` make ten connections unless told otherwise. */
const DRIVER_DEFAULT = 10;

/**
 * How many connections the data source's pool may open. Taken for larger than it is, deliveries would hold all of them and
 * wait for one more, for ever.
 */
export function poolSizeOf(dataSource: DataSource): number {
  return wholeNumber(detectDialect(dataSource).poolLimit(dataSource)) ?? leastInOptions(dataSource) ?? DRIVER_DEFAULT;
}

/** For a driver whose pool cannot be asked: the smallest number that its options name, which is never too much. */
function leastInOptions({ options }: DataSource): number | null {
  const { poolSize, extra } = options as { poolSize?: unknown; extra?: { max?: unknown; connectionLimit?: unknown } };
  const named = [poolSize, extra?.max, extra?.connectionLimit].flatMap((value) => wholeNumber(value) ?? []);
  return named.length === 0 ? null : Math.min(...named);
}

/** Drivers take a number as text as well, as it comes from the environment. */
function wholeNumber(value: unknown): number | null {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : null;
}
