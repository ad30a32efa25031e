#!/usr/bin/env node
import { HELP } from './cli/help.js';
import { parseCommandLine } from './cli/parse-command-line.js';
import { EmulatorError } from './emulator-error.js';
import { startEmulator } from './start-emulator.js';

async function main(): Promise<void> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const emulator = await startEmulator({ ...options, log: (line) => process.stderr.write(`${line}\n`) });
  const stop = (signal: string) => {
    process.stderr.write(`${signal}: stopping\n`);
    emulator.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ event: 'listening', endpoint: emulator.endpoint })}\n`);
}

function fail(error: unknown): void {
  const text = error instanceof EmulatorError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`emulator: ${text}\n`);
  process.exit(1);
}

main().catch(fail);
