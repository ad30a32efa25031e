import type { DataSource } from 'typeorm';
import { Slots } from '../core/consumer/slots.js';

/** Every delivery holds a connection of the pool, so all connections on one data source share its places. Keyed weakly: nothing outlives its data source. */
const slotsByDataSource = new WeakMap<DataSource, Slots>();

/** The places for deliveries on this data source. The first connection to ask decides how many there are. */
export function deliverySlotsOf(dataSource: DataSource, maxInFlight: number): Slots {
  const existing = slotsByDataSource.get(dataSource);
  if (existing) return existing;
  const slots = new Slots(maxInFlight);
  slotsByDataSource.set(dataSource, slots);
  return slots;
}
