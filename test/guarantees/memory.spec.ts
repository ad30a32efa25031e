import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { describeDatabases } from '../support/database.js';
import { closeAfterEach } from '../support/mq-app.js';
import { Program } from '../support/program.js';
import { bootNode } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

jest.setTimeout(300_000);

const MB = 1_048_576;
const LARGE = Math.floor(3.9 * MB);

/** Takes every message and keeps none: an emulator would hold a gigabyte. Each answer takes its time. */
async function takeAndForget(taken: Set<string>, answerAfterMs: () => number): Promise<Server> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      const body = /<MessageBody><!\[CDATA\[([^]*)\]\]><\/MessageBody>/.exec(text)?.[1] ?? '';
      const id = /mq-id:([^|<]*)/.exec(text)![1]!;
      taken.add(id);
      const digest = createHash('md5').update(body).digest('hex').toUpperCase();
      setTimeout(() => {
        response.writeHead(201, { 'content-type': 'text/xml;charset=utf-8' });
        response.end(
          `<?xml version="1.0"?><Message><MessageId>${id}</MessageId><MessageBodyMD5>${digest}</MessageBodyMD5></Message>`,
        );
      }, answerAfterMs());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describeDatabases('a process with a heap of 128 MB', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  const taken = new Set<string>();
  let server: Server;
  let answerAfterMs = 0;
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  beforeEach(async () => {
    taken.clear();
    server = await takeAndForget(taken, () => answerAfterMs);
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const run = (mode: 'drain' | 'burst', count: number, bytes: number): ReturnType<typeof Program.start> =>
    Program.start(join(__dirname, 'support/memory-program.mjs'), {
      env: {
        NODE_OPTIONS: '--max-old-space-size=128',
        DATABASE_TYPE: db.options.type,
        DATABASE_URL: db.url,
        MQ_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        MODE: mode,
        COUNT: String(count),
        BYTES: String(bytes),
      },
      ready: /^published$/,
    });

  async function ended(program: Program): Promise<void> {
    const { code } = await program.exited;
    expect({ code, output: program.output.join('\n') }).toMatchObject({
      code: 0,
      output: expect.stringContaining('done'),
    });
  }

  it('sends 80 due messages of 3.9 MiB', async () => {
    answerAfterMs = 50;
    await (await bootNode(db, { role: 'api' })).app.close();
    // Made in the database, one at a time: no packet holds them all.
    const broker = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (let n = 0; n < 80; n++) {
      await db.query(`INSERT INTO mq_status_log (id, status, connection, broker, topic_alias, topic, msg_key, max_attempts, due_at,
          created_at, updated_at, payload, payload_bytes)
        VALUES ('large-${n}', 'PENDING', 'default', '${broker}', 'orders', 'shop_orders', 'k${n}', 10, 1, 1, 1, REPEAT('x', ${LARGE}), ${LARGE})`);
    }
    const { program } = await run('drain', 0, 0);
    await ended(program);
    expect(taken.size).toBe(80);
    expect(new Set((await tables.statuses()).map(({ status }) => status))).toEqual(new Set(['SENT']));
  });

  it('sends 1,000 messages of 200 kB that it publishes faster than the broker takes them', async () => {
    // Just before it would be an unknown outcome, until all is published.
    answerAfterMs = 8_000;
    const { program } = await run('burst', 1_000, 200_000);
    answerAfterMs = 0;
    await ended(program);
    expect(taken.size).toBe(1_000);
  });
});
