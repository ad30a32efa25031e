import { MqError } from '../../core/errors/mq-error.js';
import type { BoundParam } from './bound-params.js';

/** What a handler of batches can be given: the list, and the context. */
const OF_BATCHES: ReadonlySet<string | null> = new Set(['MqMsg', 'MqCtx']);

/** Refuses parameters that say something about one message, in a handler that is called with many. */
export function refuseSingles(name: string, params: readonly BoundParam[]): void {
  const single = params.find(({ decorator }) => !OF_BATCHES.has(decorator));
  if (!single) return;
  const decorator = single.decorator === null ? 'a decorator of the application' : `@${single.decorator}()`;
  throw new MqError(
    'MQ_HANDLER_INVALID',
    `Parameter ${single.index + 1} of ${name} has ${decorator}, which is about one message, and the handler gets batches. Write @MqMsg() for ` +
      'the list of messages and @MqCtx() for the context, or take batch out of @MqConsumer().',
    { details: { handler: name, parameter: single.index + 1 } },
  );
}
