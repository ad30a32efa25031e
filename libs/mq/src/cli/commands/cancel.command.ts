import type { Command } from '../command.js';
import { decideByIds } from '../operators/decide-by-ids.js';
import { tellDecided } from '../operators/tell-decided.js';
import { OPERATOR, reasonedOperatorOf } from '../operators/operator-options.js';

export const cancelCommand: Command = {
  name: 'cancel',
  summary: 'takes back messages that have not left yet',
  description:
    'What is on the wire at this moment, has left, or is finished is left alone. Exit code 4 when some could not be cancelled.',
  arguments: [{ name: '<id...>', description: 'ids as `mq messages` shows them' }],
  options: OPERATOR,
  examples: [
    "mq cancel 0197f1c2-8a30-7cc1-a2f4-5d6e7f809a1b --reason 'the order was withdrawn'",
    "mq messages --status PENDING --tag reminder --json | jq -r '.[].id' | xargs mq cancel --reason 'no more reminders'",
  ],
  run: async (context, values) => {
    const operator = reasonedOperatorOf(context, values);
    const connections = await context.admins();
    const decided = await decideByIds(connections, values['id'] as string[], ({ admin }, ids) =>
      admin.cancel(ids, operator),
    );
    return tellDecided(context, connections, decided, 'cancelled', (each) => ({
      '': each.outcome === 'cancelled' && each.mayHaveLeft ? 'an earlier attempt had no answer: it may have left' : '',
    }));
  },
};
