import type { MemoryTransportOptions } from './options.js';
import { MemoryTransport } from './transport.js';

/**
 * A complete broker in this process, for tests: topics, groups with their own positions, leases, redelivery, delays,
 * order by key, tags and dead letters, on a clock that the test owns.
 *
 * @example
 * const transport = memoryTransport({ profile: 'http' });
 * transport.broker.failNextSends('unavailable', { times: 3 });
 * expect(transport.broker.sent).toHaveLength(1);
 */
export function memoryTransport(options: MemoryTransportOptions = {}): MemoryTransport {
  return new MemoryTransport(options);
}
