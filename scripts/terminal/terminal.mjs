import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { screenLines } from './screen-lines.mjs';

/** In place of the name of the machine that records, and as long, because of the columns. */
const HOST = 'shop'.padEnd(hostname().length, '-1').slice(0, hostname().length);
const MQ = fileURLToPath(new URL('../../libs/mq/bin/nestjs-reliable-mq.mjs', import.meta.url));

/** A terminal in which commands are run one after the other, and shown as they look there: with colours, and cut to its width. */
export class Terminal {
  /** @type {import('./render-svg.mjs').Shown[]} */
  session = [];

  /**
   * @param {Record<string, string>} env
   * @param {number} columns
   */
  constructor(env, columns) {
    this.env = env;
    this.columns = columns;
  }

  /**
   * Runs `mq` with these words.
   *
   * @param {string} words as one types them
   * @param {{ code?: number }} expected exit code
   * @returns {Promise<string>} what it printed, without colours
   */
  async mq(words, { code: expected = 0 } = {}) {
    // Node has no terminal of its own to offer; the program `script` of util-linux has.
    const line = `stty cols ${this.columns}; exec "${process.execPath}" "${MQ}" ${words}`;
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/sh', ...this.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    const [code] = await once(child, 'close');
    if (code !== expected) throw new Error(`mq ${words} ended with ${code}:\n${output}`);
    const lines = screenLines(output.replaceAll(hostname(), HOST), this.columns);
    this.session.push({ command: `mq ${words}`, lines });
    return lines.map((spans) => spans.map(({ text }) => text).join('')).join('\n');
  }
}
