import { describeError } from '../../core/errors/describe-error.js';
import { codeOf } from '../../core/errors/mq-error.js';
import type { MqEvents } from '../../core/events/event-bus.js';
import { readProperty } from '../../core/runtime/read-property.js';
import { disown } from '../../core/runtime/user-code.js';
import type { FoundListener } from '../discovery/listener-explorer.js';

/**
 * Lets found methods hear of the events of one connection. One that fails is an event as well; of one that fails over that event only log and
 * metrics hear, or it would be told of its own failure for ever.
 *
 * @returns the function that stops it
 */
export function listen(events: MqEvents, listeners: readonly FoundListener[]): () => void {
  const off = listeners.map(({ event, instance, member, name }) =>
    events.on(event, (what: unknown) => {
      if (event === 'listener.failed' && readProperty(what, 'to') === event) return;
      const failed = (cause: unknown): void => {
        disown(cause);
        const error = {
          code: codeOf(cause) ?? 'MQ_LISTENER_FAILED',
          message: describeError(cause).message,
          cause,
        } as const;
        events.emit('listener.failed', { listener: name, to: event, error });
      };
      // It is called at once; what it throws rejects like a promise that it answers.
      new Promise((resolve) => {
        resolve((instance as Record<string | symbol, (event: unknown) => unknown>)[member]!(what));
      }).catch(failed);
    }),
  );
  return () => off.forEach((unsubscribe) => unsubscribe());
}
