import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** @typedef {import('node:child_process').ChildProcessWithoutNullStreams} ChildProcess */

const START_TIMEOUT_MS = 45_000;
const STOP_TIMEOUT_MS = 10_000;
const LAST_LINES = 30;

/** A process that belongs to the demo. What it says is kept, and shown only if something goes wrong. */
class Child {
  /** @type {string[]} */
  lines = [];

  /**
   * @param {string} name
   * @param {ChildProcess} spawned
   */
  constructor(name, spawned) {
    this.name = name;
    this.process = spawned;
    this.exited = once(spawned, 'exit');
    // That a stream breaks together with its process is no news.
    for (const stream of [spawned.stdin, spawned.stdout, spawned.stderr]) stream.on('error', () => undefined);
  }

  get pid() {
    return this.process.pid;
  }

  get running() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /**
   * Waits for a line of its output that matches, and answers the match.
   *
   * @param {RegExp} pattern
   * @param {number} timeoutMs
   * @returns {Promise<RegExpExecArray>}
   */
  ready(pattern, timeoutMs) {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`${this.name} did not start:\n${this.lines.join('\n')}`));
      const late = setTimeout(fail, timeoutMs);
      this.process.once('exit', fail);
      /** @param {string} line */
      const read = (line) => {
        this.lines.push(line);
        if (this.lines.length > LAST_LINES) this.lines.shift();
        const match = pattern.exec(line);
        if (!match) return;
        clearTimeout(late);
        resolve(match);
      };
      for (const input of [this.process.stdout, this.process.stderr]) createInterface({ input }).on('line', read);
    });
  }

  /** Gives it no chance to finish anything. */
  async kill() {
    if (this.running) this.process.kill('SIGKILL');
    await this.exited;
  }

  /** Asks it to end, and insists after a while, also with what it has started itself. */
  async stop() {
    if (!this.running) return;
    this.process.kill('SIGTERM');
    const insist = setTimeout(() => process.kill(-Number(this.pid), 'SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(insist);
  }
}

/** All processes of the demo. Each has a process group of its own, so that Ctrl-C reaches the demo alone, which ends them in order. */
export class Children {
  /** @type {(Child & { endsWithUs: boolean })[]} */
  #all = [];

  constructor() {
    // Whatever ends the demo itself, nothing of it stays behind.
    process.once('exit', () => {
      for (const child of this.#all) if (child.running && !child.endsWithUs) child.process.kill('SIGKILL');
    });
  }

  /**
   * Starts a Node program, and waits for the line that says it is ready. `endsWithUs`: it watches its standard input, and must
   * be left to end by itself.
   *
   * @param {string} name
   * @param {string} file
   * @param {{ env?: Record<string, string>, ready: RegExp, endsWithUs?: boolean, timeoutMs?: number }} options
   */
  async start(name, file, { env = {}, ready, endsWithUs = false, timeoutMs = START_TIMEOUT_MS }) {
    const spawned = spawn(process.execPath, [file], { detached: true, env: { ...process.env, ...env } });
    const child = Object.assign(new Child(name, spawned), { endsWithUs });
    this.#all.push(child);
    return { child, match: await child.ready(ready, timeoutMs) };
  }

  /** The last to start is the first to end. */
  async stop() {
    for (const child of this.#all.toReversed()) await child.stop();
  }

  /** What they said last, for when something went wrong. */
  report() {
    return this.#all.map(({ name, lines }) => `--- ${name}\n${lines.join('\n')}`).join('\n');
  }
}
