import { countOf } from '../../core/runtime/count-of.js';
import type { MqRuntime } from '../mq-runtime.js';

/** Who this process is, in one line: what anybody needs to know who reads the log of several. Holds no credentials. */
export function bootLine({ connection, database, tables, options, boot }: MqRuntime): string {
  const { transport, topics, groups } = options;
  const consumes = ['consumes', ...(options.consumeGroups ?? [])].join(' ');
  const does = ['publishes', ...(boot.worker ? [consumes] : []), ...(boot.relay ? ['relays'] : [])].join(', ');
  return (
    `connection '${connection}' ${does}: ${transport.name} at ${transport.identity}, ` +
    `tables ${tables.prefix}* in ${database}, ${countOf(topics.size, 'topic')}, ${countOf(groups.size, 'group')}`
  );
}
