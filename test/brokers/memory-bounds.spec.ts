import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { Program } from '../support/program.js';
import { CannedServer, type Reply } from '../support/transport/canned-server.js';
import { http, messageXml, messagesXml, receiptXml } from '../support/transport/answers.js';
import { Stage as RocketmqStage, stored } from '../support/transport/rocketmq-stage.js';

const BOUNDED = join(__dirname, 'support', 'bounded.mjs');
const MIB = 1_048_576;
const HEAP_MIB = 128;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

/** What a process with a small heap makes of a publish and a poll, and the memory that it took for it. */
async function bounded(transport: string, endpoint: string): Promise<{ lines: string[]; mib: number }> {
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` };
  const { code, output, stdout } = await Program.run(BOUNDED, { args: [transport, endpoint], env });
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  const lines = stdout.trim().split('\n');
  return { lines, mib: Number(lines.pop()) };
}

describe('over HTTP', () => {
  const run = async (reply: Reply) => {
    const server = await new CannedServer(reply).listen();
    try {
      return await bounded('http', server.endpoint);
    } finally {
      await server.close();
    }
  };

  it.each<[string, Reply]>([
    ['of 128 MiB', http(201, receiptXml('{}') + ' '.repeat(128 * MIB))],
    [
      'without an end',
      (_, socket) => {
        socket.write('HTTP/1.1 201 Created\r\nContent-Type: text/xml\r\n\r\n');
        const more = (): void => {
          while (!socket.destroyed && socket.write('x'.repeat(MIB))) continue;
        };
        socket.on('drain', more);
        more();
      },
    ],
  ])('an answer %s is not read', async (_, reply) => {
    const { lines, mib } = await run((request, socket) =>
      request.method === 'POST' ? (typeof reply === 'function' ? reply(request, socket) : reply) : http(503, ''),
    );
    expect(lines).toEqual(['unknown', 'unknown']);
    expect(mib).toBeLessThan(200);
  });

  it('the largest answer that a poll can have is read', async () => {
    const quotes = '"'.repeat(4 * MIB);
    const one = messageXml({ MessageBody: quotes }).replaceAll('"', '&quot;');
    const { lines } = await run(({ method }) =>
      method === 'POST' ? http(201, receiptXml('{}')) : http(200, messagesXml(one, one, one, one, one)),
    );
    expect(lines).toEqual(['sent', JSON.stringify(Array.from({ length: 5 }, () => [4 * MIB, null]))]);
  });
});

it('over gRPC bodies that unpack to gigabytes are handed out as they came', async () => {
  const stage = await RocketmqStage.open();
  const body = gzipSync(Buffer.alloc(200 * MIB));
  for (let n = 0; n < 4; n++) stage.proxy.store.put({ ...stored('', { bodyEncoding: 'GZIP' }), body });
  stage.proxy.store.put({ ...stored('', { bodyEncoding: 'GZIP' }), body: gzipSync('small') });
  const { lines, mib } = await bounded('rocketmq', stage.proxy.endpoint);
  await stage.close();
  const asItCame = [body.length, 'unpacked it is larger than 8388608 bytes'];
  expect(lines).toEqual(['sent', JSON.stringify([asItCame, asItCame, asItCame, asItCame, [5, null]])]);
  expect(mib).toBeLessThan(300);
});
