import type { DataSource } from 'typeorm';

/** Both `pg` and `mysql2` make ten connections unless told otherwise. */
const DRIVER_DEFAULT = 10;

/** How many connections the data source's pool may open, as its options say. */
export function poolSizeOf(dataSource: Pick<DataSource, 'options'>): number {
  const options = dataSource.options as { poolSize?: number; extra?: { max?: unknown; connectionLimit?: unknown } };
  const candidates = [options.poolSize, options.extra?.max, options.extra?.connectionLimit];
  return candidates.map(Number).find((size) => Number.isInteger(size) && size > 0) ?? DRIVER_DEFAULT;
}
