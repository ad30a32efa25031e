import type { OutboundMessage } from '../../../core/transport/transport.js';
import type { Queue } from '../routes/route.js';
import type { Session } from '../session/session.js';

/** A message on its way, and what sending it takes. */
export interface Outgoing {
  /** As its topic takes it. */
  readonly message: OutboundMessage;
  readonly messageId: string;
  readonly queue: Queue;
  /** Known to the server of the queue. */
  readonly session: Session;
  /** On the monotonic clock: when its preparation began. */
  readonly startedAt: number;
  readonly signal: AbortSignal;
}

/** For messages of errors. */
export function sendTo(topic: string): string {
  return `send to '${topic}'`;
}
