import type { Command } from '../../command.js';
import { BULK } from '../../operators/bulk-options.js';
import { decide } from '../../operators/decide.js';
import { DISCARD } from '../../operators/decision.js';

export const discardCommand: Command = {
  name: 'discard',
  summary: 'ends dead and parked messages for good, and lets their ordering keys go on',
  description:
    'Nothing is sent or run again. Those that are named, or all of a filter, as `mq errors replay`. Exit code 4 when some could not be discarded.',
  arguments: [{ name: '[id...]', description: 'ids as `mq messages` and `mq errors show` list them' }],
  options: BULK,
  examples: [
    "mq errors discard 0197f1c2-8a30-7cc1-a2f4-5d6e7f809a1b --reason 'entered by hand'",
    "mq errors discard --group mail --older-than 30d --reason 'nobody wants them any more' --yes",
  ],
  stopsOnSignal: true,
  run: (context, values) => decide(context, values, DISCARD),
};
