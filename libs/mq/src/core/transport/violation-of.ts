import type { MqTransport, OutboundMessage } from './transport.js';

/** The first thing that a transport cannot carry of a message, as one phrase; `null` when it carries all of it. */
export function violationOf(transport: MqTransport, message: OutboundMessage): string | null {
  const [violation] = transport.validateMessage(message);
  return violation ? `${violation.path} ${violation.problem}` : null;
}
