import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @typedef {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, import('node:stream').Readable>} Child */

const VICTIM = fileURLToPath(new URL('victim.mjs', import.meta.url));
const READY_MS = 120_000;

/** One place in the system that always has a process in it: when that one is killed, the next takes over. */
export class Victim {
  /** @type {Child | null} */
  #child = null;
  /** @type {string[]} */
  #errors = [];
  #stopping = false;

  /**
   * @param {string} name
   * @param {Record<string, string>} env
   */
  constructor(name, env) {
    this.name = name;
    this.env = env;
  }

  get errors() {
    return this.#errors;
  }

  async start() {
    const child = spawn(process.execPath, [VICTIM], {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let talk = '';
    child.stderr.on('data', (data) => {
      talk = (talk + data).slice(-4_000);
      if (/UNHANDLED|uncaught/i.test(String(data))) this.#errors.push(`${this.name}: ${String(data).trim()}`);
    });
    child.once('exit', (code, signal) => {
      if (signal === null && !this.#stopping)
        this.#errors.push(`${this.name} ended by itself with code ${code}: ${talk}`);
    });
    /** @type {Promise<void>} */
    const ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name} was not ready in time: ${talk}`)), READY_MS);
      child.stdout.once('data', () => {
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', () => {
        clearTimeout(timer);
        reject(new Error(`${this.name} ended before it was ready: ${talk}`));
      });
    });
    await ready;
  }

  /**
   * SIGKILL, this very moment. Resolves when the process is gone.
   *
   * @returns {Promise<void>}
   */
  kill() {
    const child = this.#child;
    if (!child) throw new Error(`${this.name} was never started`);
    child.kill('SIGKILL');
    return new Promise((resolve) =>
      child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', () => resolve()),
    );
  }

  async stop() {
    this.#stopping = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await new Promise((resolve) => child.once('exit', resolve));
    clearTimeout(timer);
  }
}
