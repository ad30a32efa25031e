import type * as Commander from 'commander';
import { UsageError } from '../usage-error.js';

/** What commander found wrong with a command line, in our words and with the nearest name; `null` where it only showed help or version. */
export function usageErrorOf(error: Commander.CommanderError, command: Commander.Command): UsageError | null {
  if (error.exitCode === 0) return null;
  const typed = /'([^']+)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption':
      return UsageError.unknown('option', typed, optionsOf(command));
    case 'commander.unknownCommand':
      return UsageError.unknown('command', typed, commandsOf(command));
    case 'commander.excessArguments':
      return tooMuch(command);
    default:
      return new UsageError(error.message.replace(/^error: /, ''));
  }
}

/** A word behind a command of commands that is none of them is read as an argument of the first one, which runs without a name. */
function tooMuch(command: Commander.Command): UsageError {
  const extra = command.args[command.registeredArguments.length] ?? '';
  const { parent } = command;
  if (parent?.parent && command.registeredArguments.length === 0)
    return UsageError.unknown(`command of ${parent.name()}`, extra, commandsOf(parent));
  return new UsageError(`${command.name()} takes no "${extra}"; ${command.name()} --help tells what it takes`);
}

function commandsOf(command: Commander.Command): string[] {
  return command.commands.map((each) => each.name());
}

function optionsOf(command: Commander.Command | null): string[] {
  if (command === null) return ['--help'];
  return [...command.options.map(({ long }) => long!), ...optionsOf(command.parent)];
}
