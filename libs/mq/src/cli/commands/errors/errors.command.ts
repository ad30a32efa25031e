import type { Command } from '../../command.js';
import { discardCommand } from './discard.command.js';
import { listCommand } from './list.command.js';
import { replayCommand } from './replay.command.js';
import { showCommand } from './show.command.js';

export const errorsCommand: Command = {
  name: 'errors',
  summary: 'lists errors, equal ones together; replays or discards what they have parked',
  examples: [listCommand.examples[0]!, replayCommand.examples[0]!],
  commands: [listCommand, showCommand, replayCommand, discardCommand],
};
