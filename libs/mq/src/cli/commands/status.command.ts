import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { exceeded, type StatusLimits } from '../status/limits.js';
import { lookAt } from '../status/look-at.js';
import { printStatus } from '../status/print-status.js';
import { watchStatus } from '../status/watch-status.js';
import { UsageError } from '../usage-error.js';
import { countFromZero, duration, type Values } from '../values.js';

export const statusCommand: Command = {
  name: 'status',
  summary:
    'how many messages there are, by status, topic and group, what is overdue, parked or paused, and which processes run',
  description:
    'With a limit it ends with exit code 2 when that is exceeded in some connection, and says on stderr which one: for monitors that run programs.',
  options: [
    {
      flags: '--watch [duration]',
      description: 'look again and again (every 2s unless given), until SIGINT',
      parse: duration,
      preset: '2s',
    },
    { flags: '--max-overdue <duration>', description: 'for how long a message may be due', parse: duration },
    { flags: '--max-backlog <n>', description: 'how many messages may wait for the broker', parse: countFromZero },
    { flags: '--max-dead <n>', description: 'how many may be dead or parked, undecided', parse: countFromZero },
  ],
  examples: ['mq status', 'mq status --watch', 'mq status --max-overdue 5m --max-backlog 1000 --max-dead 0'],
  stopsOnSignal: (values) => values['watch'] !== undefined,
  run: async (context, values) => {
    const { out, err, json, clock } = context;
    const limits = limitsOf(values);
    const everyMs = values['watch'] as number | undefined;
    const isLimited = Object.values(limits).some((limit) => limit !== undefined);
    if (everyMs !== undefined && isLimited) throw new UsageError('limits are for one look: give them without --watch');
    const connections = await context.admins();
    if (everyMs !== undefined) return watchStatus(context, connections, everyMs);
    const all = await lookAt(connections);
    if (json) out.json(all);
    else printStatus(out, all, new Date(clock.now()));
    const problems = all.flatMap((status) => exceeded(status, limits));
    for (const problem of problems) err.line(problem);
    return problems.length === 0 ? EXIT.ok : EXIT.checkFailed;
  },
};

function limitsOf(values: Values): StatusLimits {
  return {
    maxOverdueMs: values['maxOverdue'] as number | undefined,
    maxBacklog: values['maxBacklog'] as number | undefined,
    maxDead: values['maxDead'] as number | undefined,
  };
}
