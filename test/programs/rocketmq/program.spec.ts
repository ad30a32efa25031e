import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { Program } from '../../support/program.js';
import { queryRoute, ROUTE_OK } from '../../support/rocketmq/query-route.mjs';
import { describeRocketmq } from '../../support/rocketmq/use-rocketmq.js';
import { isAlive, isListening } from './support/processes.js';

const MAIN = join(__dirname, '../../support/rocketmq/main.mjs');
const START_TIMEOUT_MS = 120_000;

describeRocketmq('RocketMQ as a program', () => {
  it('tells its options', async () => {
    const { code, stdout } = await Program.run(MAIN, { args: ['--help'] });
    expect(code).toBe(0);
    expect(stdout).toMatch(/--topic .*--group .*--cluster .*--version .*--auth /s);
  });

  it('refuses a topic of a type that does not exist', async () => {
    const { code, output } = await Program.run(MAIN, { args: ['--topic', 'orders:ORDERED'] });
    expect(code).toBe(1);
    expect(output).toContain('--topic orders:ORDERED: expected');
  });

  it(
    'ends its processes and removes its folder on SIGTERM',
    async () => {
      const { program, endpoint, pids, folder } = await start();
      expect(await queryRoute(endpoint, 'orders')).toMatchObject({ code: ROUTE_OK, types: ['FIFO'], queues: 2 });
      expect(await program.stop()).toEqual({ code: 0, signal: null });
      expect(pids.filter(isAlive)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    },
    START_TIMEOUT_MS,
  );

  it(
    'leaves no process, port or folder when it is killed, even if they are stopped at that moment',
    async () => {
      const { program, endpoint, pids, folder } = await start();
      process.kill(pids[1]!, 'SIGSTOP');
      await program.kill();
      await eventually(() => !existsSync(folder), { what: 'the folder being removed' });
      expect(pids.filter(isAlive)).toEqual([]);
      expect(await isListening(endpoint)).toBe(false);
    },
    START_TIMEOUT_MS,
  );
});

async function start() {
  const { program, match } = await Program.start(MAIN, {
    args: ['--topic', 'orders:FIFO:2', '--group', 'billing:ordered:3'],
    ready: /^\{"event":"listening","endpoint":"([^"]+)","admin":"[^"]+","nameServer":"[^"]+","folder":"([^"]+)"\}$/,
  });
  const [, endpoint, folder] = match as unknown as [string, string, string];
  const pids = ['name-server', 'broker'].map((name) => Number(readFileSync(join(folder, `${name}.pid`), 'utf8')));
  expect(pids.every(isAlive)).toBe(true);
  return { program, endpoint, folder, pids };
}
