import { hostname, userInfo } from 'node:os';
import { codeOf } from '../../core/errors/mq-error.js';
import { isA } from '../../core/errors/is-a.js';
import { readProperty } from '../../core/runtime/read-property.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqCliApp } from '../boot/app-source.js';
import type { BootedApplication as Application } from '../boot/booted-application.js';
import { ADMIN } from '../boot/boot-modes.js';
import type { CliContext } from '../cli-context.js';
import type { Command } from '../command.js';
import { COMMANDS } from '../commands/index.js';
import { emulatorCommand } from '../commands/emulator.command.js';
import { EXIT, EXIT_BY_SIGNAL } from '../exit-codes.js';
import { Out } from '../output/out.js';
import { Talk } from '../output/talk.js';
import type { Values } from '../values.js';
import { buildProgram } from './build-program.js';
import { describeFailure } from './describe-failure.js';
import { endWith } from './end-with.js';
import { loadApplication } from './load-application.js';
import { loadCommander } from './load-commander.js';
import { Interrupted, Signals } from './signals.js';
import { ReservedStdout } from './stdout.js';
import { withPresets } from './with-presets.js';
import { withoutCommander } from './without-commander.js';

interface ProgramRequest {
  readonly argv: readonly string[];
  /** Finds the root module. `file` is what `--app` says. */
  readonly findApp: (file: string | undefined) => Promise<MqCliApp>;
  /** Whether this is the package's own program, which is told the application, and has the emulator. */
  readonly isPackageProgram: boolean;
}

/** Reads a command line, runs the command, and ends the process with its exit code. */
export async function runProgram({ argv, findApp, isPackageProgram }: ProgramRequest): Promise<void> {
  const stdout = new ReservedStdout();
  const out = new Out(stdout.stream, process.env);
  const err = new Talk(process.stderr, systemClock);
  const signals = new Signals();
  const commands = isPackageProgram ? [...COMMANDS, emulatorCommand] : COMMANDS;
  let code: number = EXIT.ok;

  const run = async (command: Command, values: Values): Promise<void> => {
    signals.listen();
    const { BootedApplication } = await loadApplication();
    const application = new BootedApplication(
      () => findApp(values['app'] as string | undefined),
      values['connection'] as string | undefined,
    );
    try {
      const context = contextOf(application, values['json'] === true);
      const running = command.run!(context, values);
      const { stopsOnSignal = false } = command;
      const stops = typeof stopsOnSignal === 'boolean' ? stopsOnSignal : stopsOnSignal(values);
      code = (await (stops ? running : Promise.race([running, signals.interrupt()]))) ?? EXIT.ok;
    } finally {
      await application.close();
    }
  };

  const contextOf = (application: Application, json: boolean): CliContext => ({
    out,
    err,
    json,
    isTTY: process.stdin.isTTY && process.stderr.isTTY,
    clock: systemClock,
    signal: signals.signal,
    actor: `${userName()}@${hostname()}`,
    open: (mode, databases = 'needed') => application.open(mode, databases),
    admins: () => application.open(ADMIN, 'needed'),
    close: () => application.close(),
    stdin: process.stdin,
  });

  try {
    const commander = await loadCommander().catch((error: unknown) => {
      if (!isPackageProgram || codeOf(error) !== 'MQ_PEER_MISSING') throw error;
      withoutCommander(argv, commands, out, error);
      return null;
    });
    const program = commander && buildProgram({ commander, commands, takesApp: isPackageProgram, write, run });
    await program?.parseAsync(argv.length === 0 ? ['--help'] : withPresets(argv, commands), { from: 'user' });
  } catch (error) {
    code = failed(error);
  }
  await endWith(code, stdout);

  function write(text: string): void {
    out.text(text.trimEnd());
  }

  function failed(error: unknown): number {
    // Help and version end here, too.
    if (readProperty(error, 'exitCode') === 0) return EXIT.ok;
    if (isA(error, Interrupted)) return EXIT_BY_SIGNAL[error.by];
    const failure = describeFailure(error);
    err.block(`mq: ${failure.text}`);
    return failure.code;
  }
}

/** A container may run as a user that the system does not know. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
