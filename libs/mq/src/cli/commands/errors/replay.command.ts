import type { Command } from '../../command.js';
import { BULK } from '../../operators/bulk-options.js';
import { decide } from '../../operators/decide.js';
import { REPLAY } from '../../operators/decision.js';
import { duration } from '../../values.js';

export const replayCommand: Command = {
  name: 'replay',
  summary: 'sends dead and parked messages again, under the id that they had',
  description:
    'Those that are named, or all of a filter, oldest first, each in a transaction of its own. It may be stopped at any moment: the same command goes on with the rest. A filter is counted, and somebody asked. Exit code 4 when some could not be replayed.',
  arguments: [{ name: '[id...]', description: 'ids as `mq messages` and `mq errors show` list them' }],
  options: [
    ...BULK,
    {
      flags: '--wait [duration]',
      description: 'wait (30s unless given) until they are handled or fail again; exit code 4 unless all are handled',
      parse: duration,
      preset: '30s',
    },
  ],
  examples: [
    "mq errors replay 0197f1c2-8a30-7cc1-a2f4-5d6e7f809a1b --reason 'the sku is there now' --wait",
    "mq errors replay --error-group 47bfd68c74de --rate 50/s --reason 'fixed in 1.4.2' --yes",
    'mq errors replay --all --dry-run',
  ],
  stopsOnSignal: true,
  run: (context, values) => decide(context, values, REPLAY),
};
