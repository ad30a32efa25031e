import type * as Commander from 'commander';
import { VERSION } from '../../core/runtime/version.js';
import type { Command, OptionSpec } from '../command.js';
import type { Values } from '../values.js';
import { usageErrorOf } from './usage-error-of.js';

interface ProgramParts {
  readonly commander: typeof Commander;
  readonly commands: readonly Command[];
  /** Whether the application is named on the command line. */
  readonly takesApp: boolean;
  readonly write: (text: string) => void;
  readonly run: (command: Command, values: Values) => Promise<void>;
}

/** Of the program itself, and so of each command. */
const GLOBALS: readonly OptionSpec[] = [
  { flags: '--json', description: 'data as JSON on stdout: one document, or a line each for streams' },
  { flags: '--connection <name>', description: 'the MQ connection; all of the application unless given' },
];

const APP: OptionSpec = {
  flags: '--app <file>',
  description: 'compiled file that exports the root module; else MQ_APP, else "mq": { "app": … } in package.json',
};

/** The commands as a program of commander, which knows how command lines are read and how help looks. */
export function buildProgram({ commander, commands, takesApp, write, run }: ProgramParts): Commander.Command {
  const program = new commander.Command('mq');
  program
    .description('Runs and looks after the messages of an application with nestjs-reliable-mq.')
    .version(VERSION, '-V, --version', 'the version of the library')
    .addHelpText('after', '\nmq <command> --help tells what a command takes, with examples.');
  for (const option of takesApp ? [...GLOBALS, APP] : GLOBALS) program.addOption(optionOf(commander, option));
  settle(program);
  for (const command of commands) program.addCommand(build(command, false));
  return program;

  function build(spec: Command, isNested: boolean): Commander.Command {
    const built = new commander.Command(spec.name).summary(spec.summary);
    built.description([sentence(spec.summary), spec.description].filter(Boolean).join('\n\n'));
    for (const { name, description } of spec.arguments ?? []) built.argument(name, description);
    for (const option of spec.options ?? []) built.addOption(optionOf(commander, option));
    if (spec.examples.length > 0) built.addHelpText('after', `\nExamples:\n${indented(spec.examples)}`);
    settle(built);
    spec.commands?.forEach((each, i) => built.addCommand(build(each, true), { isDefault: i === 0 }));
    if (spec.run) {
      built.action(() => {
        const names = built.registeredArguments.map((argument) => argument.name());
        const given = built.processedArgs.map((value, i) => [names[i]!, value] as const);
        const values = { ...Object.fromEntries(given), ...built.optsWithGlobals() };
        return run(spec, Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)));
      });
    }
    return isNested || !spec.commands ? built : built.helpCommand(false);
  }

  /** What commander hands on only to commands that it makes itself. */
  function settle(command: Commander.Command): void {
    command
      .helpOption('-h, --help', 'this text')
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({ writeOut: write, outputError: () => undefined })
      .exitOverride((error) => {
        throw usageErrorOf(error, command) ?? error;
      });
  }
}

function optionOf(commander: typeof Commander, { flags, description, parse, ...spec }: OptionSpec) {
  const option = new commander.Option(flags, description);
  if (parse) option.argParser((typed: string) => parse(typed, option.long!));
  if (spec.default !== undefined) option.default(spec.default);
  return option;
}

function sentence(summary: string): string {
  return `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
