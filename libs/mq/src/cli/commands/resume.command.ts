import type { PauseTarget } from '../../core/store/pause-store.js';
import type { Connection } from '../boot/connections.js';
import type { Command } from '../command.js';
import { listPauses } from '../pausing/list-pauses.js';
import { pausable, targetOf } from '../pausing/target-of.js';

export const resumeCommand: Command = {
  name: 'resume',
  summary: 'ends the pause of a topic or a group, in all processes',
  arguments: [{ name: '<target>', description: 'topic:NAME or group:NAME, by its alias' }],
  options: [{ flags: '--reason <text>', description: 'why; kept with the action' }],
  examples: ['mq resume group:stock', 'mq resume topic:orders --reason "the warehouse has moved"'],
  run: async (context, values) => {
    const typed = values['target'] as PauseTarget;
    const reason = values['reason'] as string | undefined;
    const connections = await context.admins();
    const paused = new Map<Connection, string[]>();
    for (const each of connections)
      paused.set(
        each,
        (await each.admin.pauses()).map(({ target }) => target),
      );
    // What is configured no more can still be resumed.
    const { connection, admin } = targetOf(connections, typed, (each) => [
      ...paused.get(each)!,
      ...pausable(each.runtime.options),
    ]);
    const wasPaused = [...paused].some(([each, targets]) => each.connection === connection && targets.includes(typed));
    await admin.resume(typed, { actor: context.actor, ...(reason !== undefined && { reason }) });
    context.err.line(
      wasPaused ? `${typed} goes on; other processes follow within ten seconds` : `${typed} is not paused`,
    );
    await listPauses(context, connections);
  },
};
