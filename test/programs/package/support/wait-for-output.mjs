import { ended, kill } from './run.mjs';

/**
 * Waits until a started program prints something that matches on stdout, and fails with all its output if it does not.
 *
 * @param {import('./run.mjs').Child} child
 * @param {RegExp} pattern
 * @param {number} [timeoutMs]
 * @returns {Promise<RegExpExecArray>}
 */
export async function waitForOutput(child, pattern, timeoutMs = 60_000) {
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    /** @param {Error | string} why */
    const fail = (why) => {
      clearTimeout(timer);
      reject(new Error(`${child.spawnargs.join(' ')} ${why} without printing ${pattern}:\n${stdout}${stderr}`));
    };
    const timer = setTimeout(() => {
      kill(child);
      fail(`ran ${timeoutMs / 1000} s`);
    }, timeoutMs);
    ended(child).then(([code, signal]) => fail(`ended with ${code ?? signal}`), fail);
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const match = pattern.exec(stdout);
      if (!match) return;
      clearTimeout(timer);
      resolve(match);
    });
  });
}
