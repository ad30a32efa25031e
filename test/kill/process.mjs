import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const VICTIM = fileURLToPath(new URL('victim.mjs', import.meta.url));
const READY_MS = 120_000;

/** One place in the system that always has a process in it: when that one is killed, the next takes over. */
export class Victim {
  #child = null;
  #errors = [];
  #stopping = false;

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
    await new Promise((resolve, reject) => {
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
  }

  /** SIGKILL, this very moment. Resolves when the process is gone. */
  kill() {
    const child = this.#child;
    process.kill(child.pid, 'SIGKILL');
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
