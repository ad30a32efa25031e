import type { DataSource } from 'typeorm';
import { Semaphore } from '../core/runtime/semaphore.js';

/** Every delivery holds a connection of the pool, so all connections on one data source share one semaphore. Keyed weakly: it does not outlive its data source. */
const slotsByDataSource = new WeakMap<DataSource, Semaphore>();

/** Semaphore for the deliveries on this data source. The first connection to ask decides how many slots it has. */
export function deliverySlotsOf(dataSource: DataSource, maxInFlight: number): Semaphore {
  const existing = slotsByDataSource.get(dataSource);
  if (existing) return existing;
  const slots = new Semaphore(maxInFlight);
  slotsByDataSource.set(dataSource, slots);
  return slots;
}
