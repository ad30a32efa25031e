import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../../support/built.js';
import { eventually } from '../../../support/eventually.js';
import { Program } from '../../../support/program.js';
import { Stage } from '../../../support/transport/rocketmq-stage.js';

const LIFECYCLE = join(__dirname, 'support', 'lifecycle.mjs');
const GIVES_UP = join(__dirname, 'support', 'gives-up.mjs');
const NOBODY = '65534';

let stage: Stage;
beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

async function start(env: Record<string, string> = {}, ...more: string[]): Promise<Program> {
  const { program } = await Program.start(LIFECYCLE, { args: [stage.proxy.endpoint, ...more], ready: /^ready$/, env });
  await eventually(() => stage.proxy.seen('receiveMessage').length > 0);
  return program;
}

/** It ends by itself, with nothing to say but how long closing took. */
async function endsWell(program: Program): Promise<void> {
  const startedAt = performance.now();
  expect(await program.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - startedAt).toBeLessThan(30_000);
  expect(program.output).toEqual(['ready', expect.stringMatching(/^closed in \d+ ms$/)]);
}

it('a process ends by itself when it is stopped during a poll, and servers that leave afterwards do not hurt it', async () => {
  const program = await start();
  const cut = eventually(() => stage.proxy.seen('notifyClientTermination').length > 0, { intervalMs: 1 });
  void cut.then(() => stage.proxy.network.cut());
  await endsWell(program);
});

it('a process lives on when the server drops its streams, and opens them again when it wants a message', async () => {
  const program = await start();
  const before = stage.proxy.streamsOpened;
  for (const stream of stage.proxy.streams) stream.fail(13, 'dropped');
  stage.proxy.network.cut();
  await eventually(() => stage.proxy.streamsOpened > before);
  await endsWell(program);
});

it.each<[string, () => unknown]>([
  ['gone', () => stage.proxy.network.down()],
  ['silent', () => (stage.proxy.network.swallowing = true)],
])('a process ends by itself while the server is %s', async (_, happen) => {
  const program = await start();
  await happen();
  await endsWell(program);
});

// In a process of its own: within jest, nobody hears of a rejection that is not handled.
it('a process outlives a publish that it gives up at once, to a server that is not there', async () => {
  expect(await Program.run(GIVES_UP, { args: ['127.0.0.1:1'] })).toEqual({
    code: 0,
    signal: null,
    output: 'aborted\nclosed',
    stdout: 'aborted\nclosed',
  });
});

it('nothing is written to the home of the user, which need not exist', async () => {
  const home = await mkdtemp(join(tmpdir(), 'mq-home-'));
  await endsWell(await start({ HOME: home }));
  expect(await readdir(home, { recursive: true })).toEqual([]);
  await rm(home, { recursive: true });
  await endsWell(await start({ HOME: '/nonexistent' }, ...(process.getuid?.() === 0 ? [NOBODY] : [])));
});
