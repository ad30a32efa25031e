import type { ErrorGroupFilter } from '../../../core/store/error-group.js';
import type { Command } from '../../command.js';
import { errorGroups } from '../../operators/error-groups.js';
import { hintAtNames } from '../../operators/hint-at-names.js';
import { durationText } from '../../output/duration-text.js';
import { UsageError } from '../../usage-error.js';
import { count, instantOrAgo, oneOf } from '../../values.js';

interface ListValues {
  readonly side?: 'publish' | 'consume';
  readonly topic?: string;
  readonly group?: string;
  readonly since?: Date | number;
  readonly open?: boolean;
  readonly decided?: boolean;
  readonly limit: number;
}

export const listCommand: Command = {
  name: 'list',
  summary: 'lists which errors there are, equal ones together',
  description: 'Those with the newest error first. `open` is how many messages wait for a decision.',
  options: [
    { flags: '--side <side>', description: 'publish or consume', parse: oneOf('publish', 'consume') },
    { flags: '--topic <topic>', description: 'alias of the topic' },
    { flags: '--group <group>', description: 'alias of the group' },
    {
      flags: '--since <time>',
      description: 'errors of that time and later; 2h for the last two hours',
      parse: instantOrAgo,
    },
    { flags: '--open', description: 'only of messages that wait for a decision' },
    { flags: '--decided', description: 'only of messages that somebody has decided about' },
    { flags: '--limit <n>', description: '100 groups unless given, 1,000 at most', parse: count, default: 100 },
  ],
  examples: ['mq errors --open', 'mq errors list --group stock --since 1d --json'],
  run: async (context, values) => {
    const { open, decided, since, limit, ...names } = values as unknown as ListValues;
    if (open && decided) throw new UsageError('either --open or --decided; without them all are listed');
    const now = context.clock.now();
    const filter: ErrorGroupFilter & { limit: number } = {
      limit,
      ...(since !== undefined && { since: typeof since === 'number' ? new Date(now - since) : since }),
      ...((open ?? decided) && { resolved: decided === true }),
    };
    for (const name of ['side', 'topic', 'group'] as const)
      if (names[name] !== undefined) Object.assign(filter, { [name]: names[name] });
    const connections = await context.admins();
    hintAtNames(context, connections, names);
    const groups = await errorGroups(connections, filter);
    if (context.json) return context.out.json(groups);
    if (groups.length === 0) return context.err.line('there is no such error');
    const several = new Set(groups.map(({ connection }) => connection)).size > 1;
    const keys = [
      'id',
      ...(several ? ['connection'] : []),
      'topic',
      'group',
      'open',
      'count',
      'last',
      'code',
      'message',
    ];
    context.out.table(
      groups.map((group) => ({
        ...group,
        decided: null,
        last: durationText(Math.max(0, now - group.lastAt.getTime())),
      })),
      keys.map((key) => ({ key, whole: key === 'id', ...(key === 'last' && { title: 'last, ago' }) })),
    );
  },
};
