import type { Connection } from '../boot/connections.js';
import type { Command } from '../command.js';
import { CONSUMING, ENDINGS } from '../running/run-options.js';
import { runConnections } from '../running/run-connections.js';
import { UsageError } from '../usage-error.js';

export const consumerCommand: Command = {
  name: 'consumer',
  summary: 'handles messages: all of them, or those of one topic and group',
  description:
    'Runs the handlers of the application, and neither its HTTP server nor its relay. SIGTERM or SIGINT ends it: what is under way is finished, for as long as `shutdown.drain` says; a second signal ends it at once.',
  arguments: [
    { name: '[topic]', description: 'alias of a topic; all unless given' },
    { name: '[group]', description: 'alias of a group; all unless given' },
  ],
  options: [...CONSUMING, ...ENDINGS],
  examples: ['mq consumer', 'mq consumer orders stock --concurrency 4 --max-time 1h --memory 512M'],
  stopsOnSignal: true,
  run: (context, values) => {
    const topic = values['topic'] as string | undefined;
    const group = values['group'] as string | undefined;
    return runConnections(context, values, {
      relay: false,
      worker: true,
      ...(topic !== undefined && { groups: { topic, group } }),
      check: (connections) => requireHandlers(connections, topic, group),
    });
  },
};

/** @throws {UsageError} when there is nothing that could run */
function requireHandlers(connections: readonly Connection[], topic?: string, group?: string): void {
  const aliases = (of: 'topics' | 'groups'): string[] =>
    connections.flatMap(({ runtime }) => [...runtime.options[of].keys()]);
  if (topic !== undefined && !aliases('topics').includes(topic))
    throw UsageError.unknown('topic', topic, aliases('topics'));
  if (group !== undefined && !aliases('groups').includes(group))
    throw UsageError.unknown('group', group, aliases('groups'));
  if (connections.some(({ consumers }) => consumers.handlers().length > 0)) return;
  const what = [topic && `topic '${topic}'`, group && `group '${group}'`].filter(Boolean).join(' and ');
  throw new UsageError(
    `the application has no handler${what && ` of ${what}`}: is its class, with @MqConsumer(…), a provider?`,
  );
}
