import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * What a program prints. An error that says what it said, if it fails.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ timeout?: number, cwd?: string }} [options]
 * @returns {Promise<string>}
 */
export async function run(program, args, options = {}) {
  try {
    const { stdout } = await execute(program, args, { maxBuffer: 2 ** 24, ...options });
    return stdout;
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${program}: ${said || error.message}`, { cause: error });
  }
}
