import type { Command } from '../command.js';
import { OPERATOR_WITHOUT_REASON, operatorOf } from '../operators/operator-options.js';

export const pruneCommand: Command = {
  name: 'prune',
  summary: 'deletes finished rows whose retention has ended, now',
  description:
    'Processes that relay do so every few minutes. What is not finished, and what is parked and nobody has decided about, is never deleted. That it was done is kept, with who asked for it.',
  options: OPERATOR_WITHOUT_REASON,
  examples: ['mq prune', "mq prune --connection billing --reason 'the disk is full' --json"],
  stopsOnSignal: true,
  run: async (context, values) => {
    const options = { ...operatorOf(context, values), signal: context.signal };
    const rows = [];
    for (const { connection, admin } of await context.admins()) {
      rows.push({ connection, ...(await admin.prune(options)) });
    }
    if (context.json) return context.out.json(rows);
    context.out.table(rows);
  },
};
