import { join } from 'node:path';
import { fetchOnce } from '../../../support/fetch-once.js';
import { Program, type ProgramExit } from '../../../support/program.js';

export interface ProcessSetup {
  readonly role: 'api' | 'relay' | 'worker';
  /** Groups that it has handlers of. */
  readonly consumes?: string;
}

/** One process of the application that exports metrics. */
export class MonitoredProcess {
  static async start(databaseUrl: string, endpoint: string, setup: ProcessSetup): Promise<MonitoredProcess> {
    const { program, match } = await Program.start(join(__dirname, 'application.mjs'), {
      env: {
        DATABASE_URL: databaseUrl,
        MQ_ENDPOINT: endpoint,
        ROLE: setup.role,
        CONSUMES: setup.consumes ?? '',
      },
      ready: /^listening on (127\.0\.0\.1:\d+)$/,
    });
    return new MonitoredProcess(program, match[1]!);
  }

  private constructor(
    private readonly program: Program,
    readonly address: string,
  ) {}

  publish(topic: string, n: number, payload: object = {}): Promise<string> {
    return this.ask(`publish?${new URLSearchParams({ topic, n: String(n), payload: JSON.stringify(payload) })}`);
  }

  /** Sets its clock wrong. */
  shiftClock(ms: number): Promise<string> {
    return this.ask(`shift-clock?ms=${ms}`);
  }

  /** Deletes what its retention has ended for. */
  prune(): Promise<string> {
    return this.ask('prune');
  }

  /** Keeps its event loop from turning, so many times. */
  holdUp(ms: number, times: number): Promise<string> {
    return this.ask(`hold-up?ms=${ms}&times=${times}`);
  }

  metrics(): Promise<string> {
    return this.ask('metrics');
  }

  /** How often it has asked the tables. */
  async measurements(): Promise<number> {
    return Number(await this.ask('measurements'));
  }

  kill(): Promise<void> {
    return this.program.kill();
  }

  stop(): Promise<ProgramExit> {
    return this.program.stop();
  }

  private async ask(path: string): Promise<string> {
    const response = await fetchOnce(`http://${this.address}/${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  }
}
