import type { TransportLimits } from './capabilities.js';
import type { OutboundMessage, Violation } from './transport.js';

/**
 * What a message breaks of the limits that a transport declares: the part of `validateMessage` that is the same for
 * every broker.
 *
 * @param propertyBytes size of all properties as this transport writes them
 * @param now epoch milliseconds, for the delay horizon
 */
export function limitViolations(
  message: OutboundMessage,
  limits: TransportLimits,
  propertyBytes: number,
  now: number,
): Violation[] {
  const found: Violation[] = [];
  const kind = message.deliverAt !== null ? 'delayed' : message.orderingKey !== null ? 'ordered' : 'normal';
  const limit = limits.bodyBytes[kind];
  const bytes = Buffer.byteLength(message.body, 'utf8');
  if (bytes > limit) {
    const problem = `is ${bytes} bytes, and the broker takes ${limit} bytes of a ${kind} message`;
    found.push({ path: 'body', problem, tooLarge: { bytes, limit } });
  }
  if (propertyBytes > limits.propertyBytes) {
    found.push({
      path: 'properties',
      problem: `are ${propertyBytes} bytes together, and the broker takes ${limits.propertyBytes} bytes; shorten the headers`,
      tooLarge: { bytes: propertyBytes, limit: limits.propertyBytes },
    });
  }
  if (message.deliverAt !== null && message.deliverAt - now > limits.delayMs) {
    found.push({
      path: 'deliverAt',
      problem: `is further ahead than the ${Math.floor(limits.delayMs / 60_000)} minutes that the broker holds a message`,
    });
  }
  return found;
}
