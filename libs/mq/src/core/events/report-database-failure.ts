import { describeError } from '../errors/describe-error.js';
import type { MqEvents } from './event-bus.js';

/** Tells that a loop's statement failed. The loop goes on: no message is at fault, and a lease or the next round makes up for it. */
export function reportDatabaseFailure(events: MqEvents, loop: string, error: unknown): void {
  const { message } = describeError(error);
  events.emit('loop.failed', { loop, error: { code: 'MQ_DATABASE_UNAVAILABLE', message, cause: error } });
}
