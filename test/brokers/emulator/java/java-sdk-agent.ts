import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ConnectSdk, INSTANCE, type ReceivedMessage, SdkFailure } from '../support/sdk-driver.js';

type Answer = { result?: unknown; failed?: Record<string, string>; code?: string };

/** Which of the tools that the Java SDK needs are not on this machine. */
export function missingTools(): string[] {
  return ['javac', 'mvn'].filter((tool) => spawnSync(tool, ['-version']).status !== 0);
}

/** A Java process with the official SDK from Maven, which does what it is told. */
export class JavaSdkAgent {
  private readonly folder = mkdtempSync(join(tmpdir(), 'mq-java-sdk-'));
  private readonly child: ChildProcess;
  private readonly waiting: ((answer: Answer) => void)[] = [];
  private stderr = '';

  /** Compiles the project in a folder of its own, and starts it. The first time, Maven fetches what it needs. */
  constructor() {
    cpSync(join(process.cwd(), 'test/brokers/emulator/java/project'), this.folder, { recursive: true });
    const goals = ['compile', 'dependency:build-classpath', '-Dmdep.outputFile=classpath.txt'];
    const maven = this.maven(['--offline', ...goals]).status === 0 ? undefined : this.maven(goals);
    if (maven && maven.status !== 0) throw new Error(`Maven failed: ${maven.stdout}${maven.stderr}`);
    const classpath = `${join(this.folder, 'target/classes')}:${readFileSync(join(this.folder, 'classpath.txt'), 'utf8')}`;
    this.child = spawn('java', ['-cp', classpath, 'SdkAgent']);
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.waiting.shift()?.(JSON.parse(line) as Answer),
    );
    this.child.on('close', () => this.waiting.splice(0).forEach((settle) => settle({ code: `ended: ${this.stderr}` })));
  }

  readonly connect: ConnectSdk = (endpoint, secret) => {
    const call = (operation: string, values: object) =>
      this.run({ operation, endpoint, secret, instance: INSTANCE, ...values });
    const failedOf = async (answer: Promise<Answer>) => (await answer).failed ?? {};
    return {
      publish: async (message) => (await call('publish', message)).result as never,
      consume: async ({ kind = 'consume', waitSeconds = 0, ...values }) =>
        (await call(kind, { waitSeconds, ...values })).result as ReceivedMessage[],
      ack: (values) => failedOf(call('ack', values)),
      decide: (decision, { topic, handle }) => failedOf(call(decision, { topic, handles: [handle] })),
    };
  };

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin?.end();
    await ended;
    rmSync(this.folder, { recursive: true });
  }

  /** One command at a time is what the agent does; more wait their turn. */
  private async run(command: object): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin?.write(`${JSON.stringify(command)}\n`);
    });
    if (answer.code !== undefined) throw new SdkFailure(answer.code);
    return answer;
  }

  private maven(args: string[]) {
    return spawnSync('mvn', ['-q', '-B', ...args], { cwd: this.folder, encoding: 'utf8' });
  }
}
