import type { RescheduleOptions } from '../../nest/services/admin/reschedule-options.js';
import type { Command } from '../command.js';
import { tellDecided } from '../operators/tell-decided.js';
import { decideByIds } from '../operators/decide-by-ids.js';
import { OPERATOR_WITHOUT_REASON, operatorOf } from '../operators/operator-options.js';
import { instantText } from '../output/duration-text.js';
import { UsageError } from '../usage-error.js';
import { duration, instant } from '../values.js';

export const rescheduleCommand: Command = {
  name: 'reschedule',
  summary: 'gives messages that wait in the outbox another time to leave',
  description:
    'They keep their place in their ordering key: behind an older message one goes when its turn comes, if that is later. Exit code 4 when some have no other time, because they have left or are finished.',
  arguments: [{ name: '<id...>', description: 'ids as `mq messages` shows them' }],
  options: [
    {
      flags: '--at <time>',
      description: 'at that time, e.g. 2026-11-28T09:30Z; one that is over means now',
      parse: instant,
    },
    { flags: '--in <duration>', description: 'so long after now; 0s for now', parse: duration },
    ...OPERATOR_WITHOUT_REASON,
  ],
  examples: [
    "mq reschedule 0197f1c2-8a30-7cc1-a2f4-5d6e7f809a1b --in 2h --reason 'the warehouse is closed'",
    'mq reschedule 0197f1c2-8a30-7cc1-a2f4-5d6e7f809a1b --at 2030-01-01T06:00Z',
  ],
  run: async (context, values) => {
    const { at, in: after } = values as { at?: Date; in?: number };
    if ((at === undefined) === (after === undefined))
      throw new UsageError('say when: either --at TIME or --in DURATION');
    const when: RescheduleOptions = at === undefined ? { in: after! } : { at };
    const options = { ...when, ...operatorOf(context, values) };
    const connections = await context.admins();
    const decided = await decideByIds(connections, values['id'] as string[], ({ admin }, ids) =>
      admin.reschedule(ids, options),
    );
    const now = new Date(context.clock.now());
    return tellDecided(context, connections, decided, 'rescheduled', (each) => ({
      leaves: each.outcome === 'rescheduled' ? instantText(each.dueAt, now) : '',
    }));
  },
};
