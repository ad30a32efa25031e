import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../../support/built.js';
import { Program } from '../../support/program.js';

const run = (args: string[], env: Record<string, string> = {}) => Program.run(BUILT.mq, { args, env });

describe('wrong usage ends with 3 and one sentence', () => {
  let folder: string;

  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mq-cli-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each<[string, string[], RegExp]>([
    ['a command', ['statu'], /there is no command "statu". The nearest is: status/],
    ['a command of commands', ['migrate', 'stats'], /no command of migrate "stats". The nearest is: status/],
    ['an option', ['consumer', '--max-mesages', '3'], /no option "--max-mesages". The nearest is: --max-messages/],
    ['a word too much', ['status', 'now'], /status takes no "now"/],
    ['a number', ['consumer', '--max-messages', 'many'], /--max-messages: "many" is no whole number from 1/],
    ['a duration', ['consumer', '--max-time', 'soon'], /--max-time: "soon" is no duration/],
    ['a size', ['work', '--memory', 'much'], /--memory: "much" is no size/],
    ['a dialect', ['migrate', 'sql', '--dialect', 'mysq'], /--dialect: .* The nearest is: mysql/],
    ['no application', ['status'], /which application\?/],
    ['an application that is not there', ['status', '--app', '/nowhere.js'], /there is no file \/nowhere\.js/],
    ['an application that is not compiled', ['status', '--app', 'app.module.ts'], /is not compiled/],
    ['a decision without a reason', ['errors', 'discard', '--all', '--yes'], /say why: --reason/],
    ['a decision about nothing', ['errors', 'replay', '--reason', 'x'], /say which messages: ids, or filters/],
    ['another time without one', ['reschedule', '0197'], /say when: either --at TIME or --in DURATION/],
    ['a message without a payload', ['send', 'orders'], /send needs one payload/],
  ])('%s', async (_what, args, message) => {
    const { code, stdout, output } = await run(args);
    expect({ code, stdout, output }).toEqual({ code: 3, stdout: '', output: expect.stringMatching(message) });
    expect(output.split('\n')).toHaveLength(1);
  });

  it('lists what a file exports that does not say which class is the root module', async () => {
    const file = join(folder, 'two.cjs');
    writeFileSync(file, 'exports.A = class A {}; exports.B = class B {};');
    const { code, output } = await run(['status'], { MQ_APP: file });
    expect(code).toBe(3);
    expect(output).toMatch(/does not say which class is the root module.*It exports: A, B$/);
  });

  it('prints the SQL of each dialect without an application', async () => {
    const mysql = await run(['migrate', 'sql', '--dialect', 'mysql', '--prefix', 'q_']);
    expect(mysql.code).toBe(0);
    expect(mysql.stdout).toMatch(/CREATE TABLE IF NOT EXISTS `q_status_log` .*utf8mb4_0900_bin/s);
    const postgres = await run(['migrate', 'sql', '--schema', 'messaging', '--json']);
    expect(postgres.code).toBe(0);
    const { statements } = JSON.parse(postgres.stdout) as { statements: string[] };
    expect(statements[0]).toBe('BEGIN');
    expect(statements.join()).toContain('"messaging"."mq_status_log"');
  });

  it('outside of an application: without Nest and TypeORM there is help, which so never waits for them, and no command', async () => {
    const from = dirname(dirname(BUILT.mq));
    const alone = join(folder, 'alone');
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(join(from, part), join(alone, part), { recursive: true });
    const commander = join(alone, 'node_modules/commander');
    mkdirSync(dirname(commander));
    cpSync(dirname(require.resolve('commander')), commander, { recursive: true });
    const mq = join(alone, 'bin/nestjs-reliable-mq.mjs');
    for (const args of [['--help'], ['migrate', '--help']]) {
      expect(await Program.run(mq, { args })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: mq/) });
    }
    const app = join(folder, 'app.cjs');
    writeFileSync(app, 'exports.App = class App {};');
    const { code, output } = await Program.run(mq, { args: ['status', '--app', app] });
    expect(code).toBe(3);
    expect(output).toMatch(/^mq: Cannot find package '@nestjs\/\w+'\. Commands run in the folder of an application/);
  });
});
