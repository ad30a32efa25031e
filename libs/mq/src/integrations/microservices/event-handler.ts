import { MqError } from '../../core/errors/mq-error.js';
import type { MqMessage } from '../../core/message/message.js';
import { aliasOf, type MqTopicRef, schemasOf } from '../../core/message/topic.js';
import { disown } from '../../core/runtime/user-code.js';
import { withMqContext } from '../../nest/current-mq-context.js';
import type { FoundHandler } from '../../nest/discovery/found-handler.js';
import { outcomeOf } from '../../nest/discovery/outcome-of.js';
import { DEFAULT_CONNECTION } from '../../nest/tokens.js';
import { MqEventContext } from './mq-event-context.js';
import type { PatternHandler } from './pattern-handlers.js';
import { withThrownErrors } from './thrown-errors.js';

/** The last argument of `@EventPattern`: `@EventPattern('orders', { group: 'stock' } satisfies MqEventOptions)`. */
export interface MqEventOptions {
  /** Alias of the consumer group. */
  group: string;
  /** Tags that this handler takes. Default: all that no other handler of the group names. */
  tags?: string | string[];
  /** Default `'default'`. */
  connection?: string;
}

/** What Nest hands to a server for a handler: runs it with all its enhancers. */
type Callback = (payload: unknown, context: unknown) => unknown;

/**
 * Makes a handler of this module of what Nest hands to a server.
 * @throws {MqError} `MQ_HANDLER_INVALID` for a pattern that is no topic, and without a group
 */
export function eventHandler(
  pattern: unknown,
  callback: Callback,
  extras: object,
  found?: PatternHandler,
): FoundHandler {
  const options = extras as Partial<MqEventOptions>;
  const topic = pattern as MqTopicRef;
  const alias: unknown = typeof pattern === 'object' && pattern !== null ? aliasOf(topic) : pattern;
  const name = found?.name ?? `@EventPattern(${JSON.stringify(pattern)})`;
  if (typeof alias !== 'string')
    throw invalid(name, 'its pattern is no topic: write the alias of one, or what defineTopic() made');
  if (typeof options.group !== 'string') {
    throw invalid(
      name,
      `it names no consumer group: write @EventPattern('${alias}', { group: '…' }). If it is for another transport, name that one, ` +
        `@EventPattern('${alias}', Transport.…), so that MqServer is not given it`,
    );
  }
  const { tags } = options;
  return {
    topic: alias,
    schemas: schemasOf(topic),
    group: options.group,
    tags: tags === undefined ? null : Array.isArray(tags) ? tags : [tags],
    connection: options.connection ?? DEFAULT_CONNECTION,
    name,
    owner: found?.owner,
    invoke: async (input, delivery) => {
      // It takes no batches, so it is one.
      const message = input as MqMessage;
      const context = new MqEventContext(delivery, message);
      try {
        return await withMqContext(context, message, () =>
          withThrownErrors(async () => outcomeOf(await callback(message.payload, context), delivery)),
        );
      } catch (error) {
        disown(error);
        throw error;
      }
    },
  };
}

export function invalid(name: string, why: string): MqError {
  return new MqError('MQ_HANDLER_INVALID', `${name} cannot handle messages of MqServer: ${why}.`, {
    details: { handler: name },
  });
}
