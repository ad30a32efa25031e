import 'reflect-metadata';
import { join } from 'node:path';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { Program } from '../support/program.js';

const PROGRAM = join(__dirname, 'support/frozen-database-program.mjs');
/** It drains for one second. Generous, because a busy machine is slow; without a bound it never ends. */
const WITHIN_MS = 45_000;

describeDatabases('an application whose database does not answer', (db) => {
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  let proxy: FreezableProxy;
  beforeEach(async () => {
    proxy = await FreezableProxy.start(new URL(db.url));
  });
  afterEach(() => proxy.close());

  it.each(['idle', 'publish', 'flow', 'handler', 'exhausted'])(
    'says so in health, and ends within its drain time: %s',
    async (scene) => {
      const { program } = await Program.start(PROGRAM, {
        env: { DATABASE_TYPE: db.options.type, DATABASE_URL: proxy.url, SCENE: scene },
        ready: /^ready$/,
      });
      if (scene !== 'exhausted') proxy.freeze();
      program.signal('SIGUSR2');
      const health = await eventually(() => program.stdout.find((line) => line.startsWith('{"status"')), {
        what: 'an answer of health()',
      });
      expect(JSON.parse(health)).toMatchObject({
        status: 'down',
        reasons: expect.arrayContaining([expect.stringMatching(/the database has not answered/)]),
      });
      const late = setTimeout(() => program.signal('SIGKILL'), WITHIN_MS);
      expect({ exit: await program.stop(), output: program.output }).toMatchObject({ exit: { code: 0 } });
      clearTimeout(late);
    },
  );
});
