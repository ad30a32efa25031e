import type { Command } from '../command.js';
import { runConnections } from '../running/run-connections.js';
import { CONSUMING, ENDINGS } from '../running/run-options.js';

export const workCommand: Command = {
  name: 'work',
  summary: 'handles messages, relays and prunes, in one process',
  description: 'What `mq consumer` and `mq reproduce` do, for those who want one process for all of it.',
  options: [...CONSUMING, ...ENDINGS],
  examples: ['mq work', 'mq work --memory 512M --json'],
  stopsOnSignal: true,
  run: (context, values) => runConnections(context, values, { relay: true, worker: true }),
};
