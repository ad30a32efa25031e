import type { EmulatorState, Fault } from 'nestjs-reliable-mq-emulator';
import { BUILT } from './built.js';
import { fetchOnce } from './fetch-once.js';
import { Program, type ProgramExit } from './program.js';

/** The emulator as a process of its own, steered through its control endpoint. */
export class EmulatorProgram {
  /** @param args beyond `--port`, which is 0 unless given */
  static async start({ port = 0, args = [] }: { port?: number; args?: string[] } = {}): Promise<EmulatorProgram> {
    const { program, match } = await Program.start(BUILT.emulator, {
      args: ['--port', String(port), ...args],
      ready: /^\{"event":"listening","endpoint":"([^"]+)"\}$/,
    });
    return new EmulatorProgram(program, match[1]!);
  }

  private constructor(
    private readonly program: Program,
    readonly endpoint: string,
  ) {}

  get port(): number {
    return Number(new URL(this.endpoint).port);
  }

  /** What a client needs to reach it. */
  get env(): Record<string, string> {
    return {
      MQ_TRANSPORT: 'aliyun-http',
      MQ_ENDPOINT: this.endpoint,
      MQ_ACCESS_KEY_ID: 'test',
      MQ_ACCESS_KEY_SECRET: 'test',
      MQ_INSTANCE_ID: '',
    };
  }

  async state(): Promise<EmulatorState> {
    return (await (await fetchOnce(`${this.endpoint}/_emulator/state`)).json()) as EmulatorState;
  }

  async setFaults(faults: readonly Fault[]): Promise<void> {
    const response = await fetchOnce(`${this.endpoint}/_emulator/faults`, {
      method: 'PUT',
      body: JSON.stringify(faults),
    });
    if (!response.ok) throw new Error(`the emulator refused the faults: ${await response.text()}`);
  }

  stop(): Promise<ProgramExit> {
    return this.program.stop();
  }

  kill(): Promise<void> {
    return this.program.kill();
  }
}
