import { xmlUnfit } from '../../core/message/xml-unfit.js';
import type { TransportLimits } from '../../core/transport/capabilities.js';
import { limitViolations } from '../../core/transport/limit-violations.js';
import type { OutboundMessage, Violation } from '../../core/transport/transport.js';
import type { MemoryProfile } from './profile.js';

/** What the wire that this profile stands for cannot carry of a message. `http` carries text only, in XML. */
export function validateMessage(
  message: OutboundMessage,
  limits: TransportLimits,
  profile: MemoryProfile,
  now: number,
): Violation[] {
  const { body } = message;
  const properties = Object.entries(message.properties).map(([name, value]) => `${name}:${value}|`);
  const found = limitViolations(message, limits, Buffer.byteLength(properties.join(''), 'utf8'), now);
  if (body.length === 0) found.push({ path: 'body', problem: 'is empty' });
  const unfit = profile === 'rich' ? null : typeof body === 'string' ? xmlUnfit(body) : 'what is no text';
  if (unfit) found.push({ path: 'body', problem: `contains ${unfit}, which a text wire cannot carry` });
  return found;
}
