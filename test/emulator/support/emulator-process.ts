import { transformFileSync } from '@swc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SOURCES = join(process.cwd(), 'libs/mq-emulator/src');

/** The program as it would be built, from the sources of this moment: a `dist` may be old, or be replaced by a build. */
export interface EmulatorProgram {
  start(args?: string[], env?: NodeJS.ProcessEnv): EmulatorProcess;
  remove(): void;
}

export function buildEmulatorProgram(): EmulatorProgram {
  const folder = mkdtempSync(join(tmpdir(), 'mq-emulator-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))) {
    const { code } = transformFileSync(join(SOURCES, file), {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    const target = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return {
    start: (args = [], env = {}) => new EmulatorProcess(join(folder, 'main.js'), args, env),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** A real process. */
export class EmulatorProcess {
  stdout = '';
  stderr = '';
  private readonly child: ChildProcess;
  private readonly exited: Promise<{ code: number | null; signal: string | null }>;

  constructor(main: string, args: string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [main, ...args], { env: { ...process.env, NODE_ENV: 'test', ...env } });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = once(this.child, 'close').then(([code, signal]) => ({ code, signal }) as never);
  }

  /** Waits for the line that says where it listens. */
  async endpoint(): Promise<string> {
    const line = /^(\{.*\})\n/;
    while (!line.test(this.stdout)) {
      const ended = await Promise.race([this.exited, once(this.child.stdout as never, 'data').then(() => undefined)]);
      if (ended) throw new Error(`the emulator ended with ${JSON.stringify(ended)}: ${this.stderr}`);
    }
    return (JSON.parse(line.exec(this.stdout)?.[1] ?? '') as { endpoint: string }).endpoint;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  exit(): Promise<{ code: number | null; signal: string | null }> {
    return this.exited;
  }
}
