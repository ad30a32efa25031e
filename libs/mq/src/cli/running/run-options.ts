import type { OptionSpec } from '../command.js';
import { bytes, count, duration } from '../values.js';

/** When a process that runs ends by itself. Without one of these it runs until SIGTERM or SIGINT. */
export const ENDINGS: readonly OptionSpec[] = [
  { flags: '--max-time <duration>', description: 'stop after this time, e.g. 1h', parse: duration },
  {
    flags: '--stop-when-empty [duration]',
    description: 'stop when nothing was to be done for this long (5s unless given)',
    parse: duration,
    preset: '5s',
  },
  {
    flags: '--memory <size>',
    description: 'stop when the process occupies more, e.g. 512M; exit code 12',
    parse: bytes,
  },
];

export const CONSUMING: readonly OptionSpec[] = [
  { flags: '--concurrency <n>', description: 'handlers of each group at once', parse: count },
  { flags: '--max-messages <n>', description: 'stop after this many deliveries', parse: count },
];
