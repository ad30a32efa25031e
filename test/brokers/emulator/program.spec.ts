import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../../support/built.js';
import { eventually } from '../../support/eventually.js';
import { Program } from '../../support/program.js';
import { startEmulatorProgram } from './support/emulator-program.js';
import { codeOf, MQClient } from '../../support/transport/node-sdk.js';
import { rawRequest } from './support/raw-request.js';

const run = (args: string[], env?: Record<string, string>) => Program.run(BUILT.emulator, { args, env });

describe('the program', () => {
  let folder: string;

  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mq-emulator-data-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('prints one line of JSON on stdout when it is ready', async () => {
    const { program, endpoint } = await startEmulatorProgram();
    expect(program.stdout).toEqual([`{"event":"listening","endpoint":"${endpoint}"}`]);
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { code } = await new MQClient(endpoint, 'test', 'test').getProducer('I', 'orders').publishMessage('m');
    expect(code).toBe(201);
  });

  it('ends on SIGTERM with exit code 0, answering those who wait', async () => {
    const { program, endpoint } = await startEmulatorProgram();
    const poll = rawRequest(endpoint, '/topics/orders/messages?consumer=GID_a&numOfMessages=1&waitseconds=30');
    await eventually(async () => (await (await fetch(`${endpoint}/_emulator/state`)).text()).includes('GID_a'));
    const exit = program.stop();
    expect(await poll).toMatchObject({ status: 404, code: 'MessageNotExist' });
    expect(await exit).toEqual({ code: 0, signal: null });
  });

  it('explains itself', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const option of [
      'port',
      'data',
      'access-key-id',
      'access-key-secret',
      'config',
      'invisible',
      'max-attempts',
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
  });

  it('applies its options', async () => {
    const config = join(folder, 'config.json');
    writeFileSync(config, '{ "instances": { "I": { "topics": { "orders": {} }, "groups": ["GID_a"] } } }');
    const keys = ['--access-key-id', 'id', '--access-key-secret', 'secret'];
    const times = ['--invisible', '50ms', '--invisible-ordered', '50ms', '--max-attempts', '1'];
    const rest = ['--start-from', 'beginning', '--retention', '1d'];
    const { program, endpoint } = await startEmulatorProgram(['--config', config, ...keys, ...times, ...rest]);
    const client = new MQClient(endpoint, 'id', 'secret');
    expect(await codeOf(client.getProducer('I', 'other').publishMessage('m'))).toBe('TopicNotExist');
    await client.getProducer('I', 'orders').publishMessage('m');
    await client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1);
    await eventually(async () => (await (await fetch(`${endpoint}/_emulator/state`)).text()).includes('"dead":1'));
    expect(program.output.join()).toContain('dead letter of GID_a');
  });

  it.each<[string, string[], RegExp]>([
    ['an option it does not know', ['--prot', '1'], /--prot.*See --help/s],
    ['a port that is none', ['--port', 'http'], /--port must be a number/],
    ['a port beyond all', ['--port', '65536'], /port must be a number from 0 to 65535/],
    [
      'a duration that is none',
      ['--invisible', 'soon', '--retention', '0'],
      /invisible: "soon" is not a duration.*retention must be/,
    ],
    ['no attempts', ['--max-attempts', '0'], /maxAttempts must be a number from 1/],
    ['a start that is none', ['--start-from', 'middle'], /startFrom must be "beginning" or "end"/],
    ['a configuration that is not there', ['--config', '/nowhere.json'], /--config \/nowhere\.json: ENOENT/],
    [
      'a folder that cannot be one',
      ['--data', '/dev/null/data'],
      /data folder \/dev\/null\/data cannot be used: ENOTDIR/,
    ],
  ])('refuses %s', async (_name, args, message) => {
    const { code, output, stdout } = await run(['--port', '0', ...args]);
    expect(code).toBe(3);
    expect(output).toMatch(message);
    expect(output).not.toContain('    at ');
    expect(stdout).toBe('');
  });

  it('refuses a configuration with mistakes, naming all of them', async () => {
    const config = join(folder, 'wrong.json');
    const topics = { orders: { type: 'fast', qps: 0 } };
    writeFileSync(config, JSON.stringify({ instances: { I: { topics, grups: [] } } }));
    const { code, output } = await run(['--port', '0', '--config', config]);
    expect(code).toBe(3);
    expect(output).toMatch(/\["I"\]\.grups is unknown.*orders\.type must be one of.*orders\.qps must be/);
  });

  it('refuses a port and a folder in use, naming who has the folder', async () => {
    const { endpoint } = await startEmulatorProgram(['--data', folder]);
    const { port } = new URL(endpoint);
    const samePort = await run(['--port', port]);
    expect(samePort.code).toBe(1);
    expect(samePort.output).toContain(`cannot listen on 127.0.0.1:${port}: it is in use`);
    const sameFolder = await run(['--port', '0', '--data', folder]);
    expect(sameFolder.code).toBe(1);
    expect(sameFolder.output).toMatch(/is in use by another emulator \(process \d+\)/);
  });

  it('does not run in production', async () => {
    const { code, output } = await run(['--port', '0'], { NODE_ENV: 'production' });
    expect(code).toBe(3);
    expect(output).toContain('does not start with NODE_ENV=production');
  });
});
