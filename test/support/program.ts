import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_TIMEOUT_MS = 120_000;

export interface ProgramOptions {
  args?: readonly string[];
  /** Added to the environment of the tests. */
  env?: Readonly<Record<string, string>>;
  /** A line of its output that says that it is ready. */
  ready: RegExp;
}

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Every program that a test file started and that has not ended. */
const running = new Set<Program>();

/** A Node program as a process of its own. */
export class Program {
  readonly output: string[] = [];
  /** What of the output was meant for other programs. */
  readonly stdout: string[] = [];
  readonly exited: Promise<ProgramExit>;

  /** Starts it, and answers it with what `ready` matched. Whatever ends first, it does not outlive the test file. */
  static async start(file: string, options: ProgramOptions): Promise<{ program: Program; match: RegExpExecArray }> {
    const program = new Program(file, options);
    return { program, match: await program.waitFor(options.ready) };
  }

  /** Starts it, and waits for its end. */
  static async run(
    file: string,
    options: Omit<ProgramOptions, 'ready'>,
  ): Promise<ProgramExit & { output: string; stdout: string }> {
    const program = new Program(file, options);
    const exit = await program.exited;
    return { ...exit, output: program.output.join('\n'), stdout: program.stdout.join('\n') };
  }

  private readonly child: ChildProcess;

  private constructor(file: string, { args = [], env }: Omit<ProgramOptions, 'ready'>) {
    const child = spawn(process.execPath, [file, ...args], { env: { ...process.env, ...env } });
    this.child = child;
    running.add(this);
    // `close` and not `exit`: by then all of its output has been read.
    this.exited = once(child, 'close').then(([code, signal]: unknown[]) => {
      running.delete(this);
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
    for (const input of [child.stdout!, child.stderr!]) {
      createInterface({ input }).on('line', (line) => this.output.push(line));
    }
    createInterface({ input: child.stdout! }).on('line', (line) => this.stdout.push(line));
  }

  get pid(): number {
    return this.child.pid!;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it at once, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Asks it to end, and waits for that. */
  async stop(): Promise<ProgramExit> {
    this.signal('SIGTERM');
    return this.exited;
  }

  private waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`${this.child.spawnargs[1]} ${why}:\n${this.output.join('\n')}`));
      const late = setTimeout(() => fail('is not ready in time'), START_TIMEOUT_MS);
      void this.exited.then(({ code, signal }) => {
        clearTimeout(late);
        fail(`ended with ${code ?? signal}`);
      });
      for (const input of [this.child.stdout!, this.child.stderr!]) {
        createInterface({ input }).on('line', (line) => {
          const match = pattern.exec(line);
          if (!match) return;
          clearTimeout(late);
          resolve(match);
        });
      }
    });
  }
}

afterAll(async () => {
  await Promise.all([...running].map((program) => program.kill()));
});
