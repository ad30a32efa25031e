import 'reflect-metadata';
import { join } from 'node:path';
import { MqAdminService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator } from 'nestjs-reliable-mq-emulator';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, OWN } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';
import { Program } from '../support/program.js';

/** Ten seconds are promised; the rest is for a busy machine. */
const EVERYWHERE_MS = 20_000;
const GONE_MS = 40_000;

describeDatabases('processes of one application', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

  it('pause together, also those that start later, and one that is killed is gone from the list', async () => {
    const emulator = await startEmulator();
    try {
      const { endpoint } = emulator;
      const env = { DATABASE_TYPE: db.options.type, DATABASE_URL: db.url, MQ_ENDPOINT: endpoint };
      const start = async (): Promise<Program> =>
        (await Program.start(join(__dirname, 'support/node-program.mjs'), { env, ready: /^ready$/ })).program;
      const says = (program: Program, line: string): Promise<unknown> =>
        eventually(() => program.stdout.includes(line), { what: `"${line}"`, timeoutMs: EVERYWHERE_MS });
      const worker = await start();
      const transport = aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' });
      const { app, mq } = await bootNode(db, { transport, role: 'api' });
      const admin = app.get(MqAdminService);
      const publish = async (payload: string): Promise<void> => {
        await (await mq.publish('orders', { payload }, OWN)).sent();
      };

      await publish('before');
      await says(worker, 'handled "before"');
      await admin.pause('group:stock', { reason: 'a test' });
      await admin.pause('topic:orders', { reason: 'a test' });
      await says(worker, 'group:stock paused');
      await says(worker, 'topic:orders paused');
      await publish('in the outbox');
      await admin.resume('topic:orders');
      await publish('at the broker');
      await admin.pause('topic:orders', { reason: 'a test' });
      await publish('in the outbox, too');

      const alive = async (): Promise<(string | undefined)[]> =>
        (await admin.nodes()).filter((node) => node.alive).map(({ instance }) => instance.split(':').at(-1));
      expect(await alive()).toEqual(expect.arrayContaining([String(worker.pid), String(process.pid)]));
      await worker.kill();
      const next = await start();
      // What it knew at its first beat, before anything of it began.
      expect(next.stdout.indexOf('topic:orders paused')).toBeLessThan(next.stdout.indexOf('ready'));
      expect(next.stdout.indexOf('group:stock paused')).toBeLessThan(next.stdout.indexOf('ready'));
      expect(await alive()).toContain(String(next.pid));
      await eventually(async () => !(await alive()).includes(String(worker.pid)), {
        what: 'the killed process to be gone',
        timeoutMs: GONE_MS,
        intervalMs: 500,
      });
      next.signal('SIGUSR2');
      await eventually(() => next.stdout.some((line) => line.includes('"claimed":0')), { what: 'a pass of the relay' });
      expect(next.stdout.filter((line) => line.startsWith('handled'))).toEqual([]);
      expect((await tables.statuses()).filter(({ status }) => status === 'PENDING').length).toBeGreaterThan(0);

      await admin.resume('topic:orders');
      await admin.resume('group:stock');
      for (const payload of ['in the outbox', 'at the broker', 'in the outbox, too'])
        await says(next, `handled "${payload}"`);

      await admin.pause('group:stock', { reason: 'a test', for: '15s' });
      await eventually(() => next.stdout.filter((line) => line === 'group:stock paused').length === 2, {
        what: 'the second pause',
        timeoutMs: EVERYWHERE_MS,
      });
      await eventually(() => next.stdout.filter((line) => line === 'group:stock goes on').length === 2, {
        what: 'its end, by itself',
        timeoutMs: EVERYWHERE_MS,
      });
      expect(await next.stop()).toMatchObject({ code: null, signal: 'SIGTERM' });
      expect(await alive()).toEqual([String(process.pid)]);
    } finally {
      await emulator.close();
    }
  });
});
