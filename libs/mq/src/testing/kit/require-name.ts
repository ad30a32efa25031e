import { MqError } from '../../core/errors/mq-error.js';
import { aliasOf, type MqTopicRef } from '../../core/message/topic.js';
import { didYouMean } from '../../core/runtime/did-you-mean.js';

/** @throws {MqError} `MQ_UNKNOWN_TOPIC`, with the nearest name */
export function requireTopic<T>(topics: ReadonlyMap<string, T>, topic: MqTopicRef): T {
  return find(topics, aliasOf(topic), 'MQ_UNKNOWN_TOPIC', 'topic');
}

/** @throws {MqError} `MQ_UNKNOWN_GROUP`, with the nearest name */
export function requireGroup<T>(groups: ReadonlyMap<string, T>, group: string): T {
  return find(groups, group, 'MQ_UNKNOWN_GROUP', 'group');
}

function find<T>(
  known: ReadonlyMap<string, T>,
  alias: string,
  code: 'MQ_UNKNOWN_TOPIC' | 'MQ_UNKNOWN_GROUP',
  what: string,
): T {
  const found = known.get(alias);
  if (found !== undefined) return found;
  const names = [...known.keys()];
  throw new MqError(code, `No ${what} is configured as '${alias}'. ${didYouMean(alias, names)}`, {
    details: { alias, known: names },
  });
}
