import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { queryRoute } from '../support/rocketmq/query-route.mjs';
import { describeRocketmq, useRocketmq } from '../support/rocketmq/use-rocketmq.js';
import { readPage, ROOT } from '../support/pages.js';

const run = promisify(execFile);
jest.setTimeout(240_000);

/** What `mqadmin` starts, for each line: one JVM instead of one for each. */
const EACH = `class Each {
  public static void main(String[] lines) {
    System.setErr(System.out);
    for (String line : lines) {
      System.out.println("\\n> " + line);
      org.apache.rocketmq.tools.command.MQAdminStartup.main(line.split(" "));
    }
  }
}`;

describeRocketmq('the mqadmin commands of docs/guides/rocketmq5.md', () => {
  const broker = useRocketmq();
  // Names of their own: other specs make those of the guide at the same broker.
  const prefix = `guide${process.pid}_`;
  const commands = readPage('docs/guides/rocketmq5.md')
    .fences.flatMap(({ code }) => code.split('\n'))
    .filter((line) => line.startsWith('mqadmin '))
    .map((line) => line.slice('mqadmin '.length).replace(/ -([tg]) /, ` -$1 ${prefix}`));
  const named = (option: 't' | 'g'): string[] =>
    commands.flatMap((line) => new RegExp(` -${option} (\\S+)`).exec(line)?.[1] ?? []);
  let home: string;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'mqadmin-'));
    writeFileSync(join(home, 'Each.java'), EACH);
  });
  afterAll(async () => {
    rmSync(home, { recursive: true });
    for (const name of named('t')) await broker.admin.deleteTopic(name);
    for (const name of named('g')) await broker.admin.deleteGroup(name);
  });

  /** What is printed for each of these commands. */
  const printed = async (lines: readonly string[]): Promise<string[]> => {
    const java = ['-Xmx128m', `-Duser.home=${home}`, `-Drocketmq.home.dir=${home}`, '-cp', await libraries()];
    const here = lines.map((line) => line.replace('127.0.0.1:9876', broker.nameServer));
    const { stdout } = await run('java', [...java, join(home, 'Each.java'), ...here]);
    return stdout.split('\n> ').slice(1);
  };

  it('are understood, and make topics of their types', async () => {
    expect(commands).toHaveLength(6);
    let left = commands;
    let answers: string[] = [];
    // Each has five seconds of its own for an answer, which a busy machine may need for something else.
    for (let attempt = 1; attempt <= 4 && left.length > 0; attempt += 1) {
      answers = await printed(left);
      left = left.filter((_, index) => !/ success\b/.test(answers[index] ?? ''));
    }
    expect(left.length === 0 ? [] : answers).toEqual([]);
    const types = await Promise.all(named('t').map(async (topic) => (await queryRoute(broker.endpoint, topic)).types));
    expect(types).toEqual([['NORMAL'], ['FIFO'], ['DELAY']]);
  });
});

/** Where the tests have RocketMQ's jars, as a class path. */
async function libraries(): Promise<string> {
  const script = `import { fetchArtifacts } from './test/support/rocketmq/artifacts.mjs'; console.log(await fetchArtifacts());`;
  const { stdout } = await run('node', ['--input-type=module', '-e', script], { cwd: ROOT });
  return join(stdout.trim(), '*');
}
