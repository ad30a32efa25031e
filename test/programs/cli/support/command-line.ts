import { join } from 'node:path';
import { BUILT } from '../../../support/built.js';
import type { TestDatabase } from '../../../support/database.js';
import { EmulatorProgram } from '../../../support/emulator-program.js';
import { Program, type ProgramExit } from '../../../support/program.js';

const APPLICATION = join(__dirname, 'application.mjs');

export interface Ended extends ProgramExit {
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

/** The `mq` of one test file: on an application of its own, with its database and its broker. */
export class CommandLine {
  constructor(
    private readonly db: TestDatabase,
    readonly emulator: () => EmulatorProgram,
    private readonly more: Readonly<Record<string, string>>,
  ) {}

  get env(): Record<string, string> {
    return { ...this.emulator().env, DATABASE_URL: this.db.url, MQ_APP: APPLICATION, ...this.more };
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended> {
    return Program.run(BUILT.mq, { args, env: this.env });
  }

  /** The one document that a command prints for `--json`. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout, output, code } = await this.run(...args, '--json');
    expect({ code, output }).toEqual({ code: 0, output });
    return JSON.parse(stdout) as T;
  }

  /** Starts a command that runs on, and waits until it says so. */
  async start(ready: RegExp, ...args: string[]): Promise<Program> {
    const { program } = await Program.start(BUILT.mq, { args, env: this.env, ready });
    return program;
  }

  /** Publishes a message, and waits until the broker has it. */
  async send(payload: object): Promise<string> {
    const data = JSON.stringify(payload);
    const sent = await this.json<{ id: string; status: string }>('send', 'orders', '--data', data, '--wait');
    expect(sent.status).toBe('sent');
    return sent.id;
  }

  /** What the handlers did. */
  async notes(): Promise<string[]> {
    return (await this.db.query<{ id: string }>('SELECT id FROM note')).map(({ id }) => id);
  }
}

/**
 * A command line with a broker for the tests of this `describe`, and the tables of the application.
 * @param more environment of all its programs
 */
export function useCommandLine(db: TestDatabase, more: Readonly<Record<string, string>> = {}): CommandLine {
  let emulator: EmulatorProgram;
  const mq = new CommandLine(db, () => emulator, more);
  beforeAll(async () => {
    emulator = await EmulatorProgram.start({ args: ['--start-from', 'beginning'] });
    await db.query('CREATE TABLE note (id varchar(64) NOT NULL PRIMARY KEY)');
    await db.query('CREATE TABLE gate (open integer)');
  });
  return mq;
}
