import { HAPPENING_KINDS } from '../../core/store/happening.js';
import type { Command } from '../command.js';
import { tail } from '../tailing/tail.js';
import { UsageError } from '../usage-error.js';
import { duration, oneOf } from '../values.js';

export const tailCommand: Command = {
  name: 'tail',
  summary: 'shows what happens, on both sides, as the tables tell it',
  description:
    'Looks once a second, until SIGINT. Whatever process did it, and without payloads. What was handled has the time at which its attempt began.',
  options: [
    { flags: '--topic <topic>', description: 'of this topic alone; its alias' },
    { flags: '--group <group>', description: 'of this group alone; its alias' },
    { flags: '--status <what>', description: `one of ${HAPPENING_KINDS.join(', ')}`, parse: oneOf(...HAPPENING_KINDS) },
    { flags: '--since <duration>', description: 'begin with what has happened in this time', parse: duration },
  ],
  examples: ['mq tail', 'mq tail --topic orders --status attempt-failed --since 10m --json'],
  stopsOnSignal: true,
  run: async (context, values) => {
    const connections = await context.admins();
    const named = (what: 'topic' | 'group'): string | undefined => {
      const typed = values[what] as string | undefined;
      const known = connections.flatMap(({ runtime }) => [...runtime.options[`${what}s`].keys()]);
      if (typed !== undefined && !known.includes(typed)) throw UsageError.unknown(what, typed, known);
      return typed;
    };
    const filter = { topic: named('topic'), group: named('group'), status: values['status'] as string | undefined };
    const backMs = (values['since'] as number | undefined) ?? 0;
    await Promise.all(connections.map((connection) => tail(context, connection, backMs, filter)));
  },
};
