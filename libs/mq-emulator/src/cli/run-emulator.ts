import { constants } from 'node:os';
import { EmulatorError } from '../emulator-error.js';
import { startEmulator } from '../start-emulator.js';
import { HELP } from './help.js';
import { parseCommandLine } from './parse-command-line.js';

/** Exit codes, the same for every command of the package. */
const FAILED = 1;
const WRONG_USAGE = 3;
/** One Ctrl-C can arrive twice: from the terminal, and from npm, which hands on what it got itself. */
const SAME_SIGNAL_MS = 1_000;
/** What whoever starts it has to set differently. The others may go away by themselves. */
const USAGE: readonly EmulatorError['code'][] = ['OPTION_INVALID', 'DATA_UNUSABLE', 'PRODUCTION'];

/**
 * The emulator as a program: one line on stdout when it listens, talk on stderr. Ends this process: with 0 after SIGTERM
 * or SIGINT, and at once when a signal comes again a second later, for those who do not want to wait for what is under way.
 */
export async function runEmulator(args: readonly string[]): Promise<void> {
  try {
    const options = parseCommandLine(args);
    if (options === 'help') {
      process.stdout.write(HELP);
      return;
    }
    const emulator = await startEmulator({ ...options, log: say });
    let stoppingSince: number | null = null;
    const stop = (signal: 'SIGTERM' | 'SIGINT'): void => {
      if (stoppingSince !== null) {
        if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(128 + constants.signals[signal]);
        return;
      }
      stoppingSince = performance.now();
      say(`${signal}: stopping`);
      emulator.close().then(() => process.exit(0), fail);
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
    process.stdout.write(`${JSON.stringify({ event: 'listening', endpoint: emulator.endpoint })}\n`);
  } catch (error) {
    fail(error);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function fail(error: unknown): void {
  const known = error instanceof EmulatorError;
  say(`emulator: ${known ? error.message : ((error as Error).stack ?? String(error))}`);
  process.exit(known && USAGE.includes(error.code) ? WRONG_USAGE : FAILED);
}
