import type { Command } from '../command.js';
import { UsageError } from '../usage-error.js';

/** In the lists of the package's own program, which runs it before it reads anything else: it needs neither an application nor a package. */
export const emulatorCommand: Command = {
  name: 'emulator',
  summary: 'a local server for the MQ HTTP wire format, for development and tests',
  examples: ['mq emulator --port 9877', 'mq emulator --data .mq'],
  run: () => {
    throw new UsageError('nothing may stand in front of "emulator"; mq emulator --help tells its options');
  },
};
