import type { PauseTarget } from '../../core/store/pause-store.js';
import type { Command } from '../command.js';
import { listPauses } from '../pausing/list-pauses.js';
import { pausable, targetOf } from '../pausing/target-of.js';
import { UsageError } from '../usage-error.js';
import { duration } from '../values.js';

export const pauseCommand: Command = {
  name: 'pause',
  summary: 'stops a topic or a group in all processes; without one it lists what is paused',
  description:
    'Of a topic nothing is sent: what is published waits in the outbox. For a group nothing is polled. Other processes follow within ten seconds. It outlasts restarts, and ends by `mq resume`, or when its time is over.',
  arguments: [{ name: '[target]', description: 'topic:NAME or group:NAME, by its alias' }],
  options: [
    { flags: '--for <duration>', description: 'ends by itself after this time', parse: duration },
    { flags: '--reason <text>', description: 'why; kept with the pause' },
  ],
  examples: ['mq pause group:stock --for 30m --reason "the warehouse moves"', 'mq pause'],
  run: async (context, values) => {
    const typed = values['target'] as PauseTarget | undefined;
    const reason = values['reason'] as string | undefined;
    const connections = await context.admins();
    if (typed !== undefined) {
      if (!reason?.trim())
        throw new UsageError('pause needs a reason: --reason TEXT. It is kept for whoever looks later');
      const { admin } = targetOf(connections, typed, ({ runtime }) => pausable(runtime.options));
      const forMs = values['for'] as number | undefined;
      await admin.pause(typed, { reason, actor: context.actor, ...(forMs !== undefined && { for: forMs }) });
      context.err.line(`${typed} is paused; other processes follow within ten seconds`);
    }
    await listPauses(context, connections);
  },
};
