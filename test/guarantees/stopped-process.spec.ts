import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { SendOutcome } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator } from 'nestjs-reliable-mq-emulator';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { Program } from '../support/program.js';
import { bootNode } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const LEASE_MS = 1_000;

describeDatabases('a process that is stopped between COMMIT and send', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

  it('sends nothing when it goes on after its lease; another instance sends, exactly once', async () => {
    const emulator = await startEmulator();
    try {
      const { program } = await Program.start(join(__dirname, 'support/stopped-publisher.mjs'), {
        env: { DATABASE_TYPE: db.options.type, DATABASE_URL: db.url, MQ_ENDPOINT: emulator.endpoint },
        ready: /^committed$/,
      });
      await eventually(
        () => execFileSync('ps', ['-o', 'stat=', '-p', String(program.pid)], { encoding: 'utf8' }).startsWith('T'),
        {
          what: 'the process being stopped',
        },
      );
      const over = performance.now() + LEASE_MS;
      await eventually(() => performance.now() > over);
      program.signal('SIGCONT');
      expect(await program.exited).toMatchObject({ code: 0 });
      const [outcome] = JSON.parse(program.stdout.at(-1)!) as SendOutcome[];
      expect(outcome).toMatchObject({ status: 'pending' });
      expect(emulator.state().requests.publish).toBeUndefined();

      const { endpoint } = emulator;
      const transport = aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' });
      const other = await bootNode(db, { transport });
      await eventually(async () => (await tables.statuses())[0]?.status === 'SENT', { what: 'the row being sent' });
      expect(await tables.statuses()).toMatchObject([{ id: outcome!.id, status: 'SENT', failed_count: 0 }]);
      expect(emulator.state().instances['']!.topics['shop_orders']!.stored).toBe(1);
      await other.app.close();
    } finally {
      await emulator.close();
    }
  });
});
