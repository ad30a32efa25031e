import { join } from 'node:path';
import { ended, kill, run, start } from '../support/run.mjs';
import { waitForOutput } from '../support/wait-for-output.mjs';

/**
 * The package as a program, as `npx` finds it: it lists its commands, and names the nearest to one that is none.
 *
 * @param {string} cwd
 */
export async function checkCommand(cwd) {
  const program = join(cwd, 'node_modules/.bin/nestjs-reliable-mq');
  const help = await run('npx', ['--no-install', 'nestjs-reliable-mq'], { cwd });
  if (!/^ {2}emulator /m.test(help)) throw new Error(`nestjs-reliable-mq does not list the emulator:\n${help}`);
  const mq = await run('npx', ['--no-install', 'mq', '--help'], { cwd });
  if (!/^ {2}consumer /m.test(mq)) throw new Error(`mq --help does not list its commands:\n${mq}`);

  const child = start(program, ['emulatr'], { cwd });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await ended(child);
  if (code !== 3 || said.trim().split('\n').length !== 1 || !said.includes('emulator'))
    throw new Error(`a command that is none ended with ${code} and said:\n${said}`);
}

/**
 * Starts the emulator of an installed package.
 *
 * @returns {Promise<{ endpoint: string, stop: () => Promise<void> }>} `stop` fails unless SIGTERM ends it with exit code 0
 * @param {string} cwd
 */
export async function startEmulator(cwd) {
  const program = join(cwd, 'node_modules/.bin/nestjs-reliable-mq');
  const emulator = start(program, ['emulator', '--port', '0'], { cwd });
  const exit = ended(emulator);
  const [, endpoint] = await waitForOutput(emulator, /^\{"event":"listening","endpoint":"([^"]+)"\}$/m);
  const stop = async () => {
    kill(emulator, 'SIGTERM');
    const [code, signal] = await exit;
    if (code !== 0) throw new Error(`the emulator ended with ${code ?? signal} instead of 0`);
  };
  return { endpoint, stop };
}
