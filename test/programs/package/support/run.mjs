import { spawn } from 'node:child_process';

/** @typedef {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, import('node:stream').Readable>} Child */
/** @typedef {Record<string, string | undefined>} Environment */

/**
 * Processes under way, so that an end of the run ends them as well.
 *
 * @type {Set<Child>}
 */
const running = new Set();

/**
 * Runs a program to its end. Its output is shown only if it fails; it gets no input, and no longer than `timeoutMs`.
 *
 * @returns {Promise<string>} what it printed
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env?: Environment, timeoutMs?: number }} options
 */
export async function run(program, args, { cwd, env = {}, timeoutMs = 300_000 }) {
  const child = start(program, args, { cwd, env });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill(child);
  }, timeoutMs);
  const [code, signal] = await ended(child);
  clearTimeout(timer);
  if (code === 0) return output;
  const why = timedOut ? `did not end within ${timeoutMs / 1000} s` : `ended with ${code ?? signal}`;
  throw new Error(`${program} ${args.join(' ')} ${why}, in ${cwd}:\n${output}`);
}

/**
 * Starts a program that {@link kill} will end, with its children.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env?: Environment }} options
 */
export function start(program, args, { cwd, env = {} }) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/**
 * Resolves with exit code and signal, rejects if the program cannot be started.
 *
 * @param {Child} child
 * @returns {Promise<[code: number | null, signal: NodeJS.Signals | null]>}
 */
export function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve([code, signal]));
  });
}

/**
 * @param {Child} child
 * @param {NodeJS.Signals} [signal]
 */
export function kill(child, signal = 'SIGKILL') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-Number(child.pid), signal);
  } catch {
    // It ended in this moment.
  }
}

export function killAll() {
  for (const child of running) kill(child);
}
