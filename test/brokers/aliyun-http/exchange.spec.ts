import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { eventually } from '../../support/eventually.js';
import { Program } from '../../support/program.js';
import { makeSelfSignedCertificate } from '../../support/rocketmq/self-signed-certificate.mjs';
import { http, receiptXml } from '../../support/transport/answers.js';
import { outbound } from '../../support/transport/messages.js';
import { never, outcome, Stage } from '../../support/transport/stage.js';

const SEND_TWICE = join(__dirname, 'support', 'send-twice.mjs');
const BODY = '{"id":1}';
const RECEIPT = receiptXml(BODY);
const sent = http(201, RECEIPT);
const message = outbound({ body: BODY });
const short = { requestTimeout: 500, connectTimeout: 500 };
const chunked = (body: string): string => `HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
const inChunks = (...parts: string[]): string =>
  parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
const LENGTH = `Content-Length: ${Buffer.byteLength(RECEIPT)}`;

let stage: Stage;
beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeEach(async () => (stage = await Stage.open(sent)));
afterEach(() => stage.close());

const send = (transport: ReturnType<Stage['transport']>, signal = never): Promise<string> =>
  outcome(transport.send(message, signal), () => 'sent');

/** Two in turn: what became of them, and how many connections that took. */
async function twice(options: Parameters<Stage['transport']>[0] = {}): Promise<[string, string, number]> {
  const transport = stage.transport({ maxSockets: 1, ...options });
  return [await send(transport), await send(transport), stage.server.connections];
}

describe('an answer is read', () => {
  it.each<[string, string]>([
    [
      'in chunks with extensions and a trailer',
      chunked(`${RECEIPT.length.toString(16)} ;a=b;c="d"\r\n${RECEIPT}\r\n000\r\nX-A: b\r\n\r\n`),
    ],
    ['after many interim ones', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(20) + sent],
    ['after permission to go on', `HTTP/1.1 100 Continue\r\n\r\n${sent}`],
    ['with blanks around its values', sent.replace(/Content-Length: (\d+)/, 'CONTENT-LENGTH:\t $1 \t')],
    ['without a reason', sent.replace(' Canned', '')],
    [
      'of HTTP/1.0 that keeps alive',
      sent.replace('HTTP/1.1', 'HTTP/1.0').replace('\r\n', '\r\nConnection: Keep-Alive\r\n'),
    ],
    ['that says how long it keeps alive', sent.replace('\r\n', '\r\nKeep-Alive: timeout=30, max=100\r\n')],
  ])('%s, and the connection is used again', async (_, answer) => {
    stage.server.reply = answer;
    expect(await twice()).toEqual(['sent', 'sent', 1]);
  });

  it.each<[string, string]>([
    ['that announces the end', sent.replace('\r\n', '\r\nConnection: close\r\n')],
    ['that announces it among others', sent.replace('\r\n', '\r\nConnection: foo, Close\r\n')],
    ['of HTTP/1.0', sent.replace('HTTP/1.1', 'HTTP/1.0')],
    ['that keeps alive for too short a time', sent.replace('\r\n', '\r\nKeep-Alive: timeout=2\r\n')],
  ])('%s, and the next has a connection of its own', async (_, answer) => {
    stage.server.reply = answer;
    expect(await twice()).toEqual(['sent', 'sent', 2]);
    await eventually(() => stage.server.openSockets === 0);
  });

  it('that ends with its connection', async () => {
    stage.server.reply = (_request, socket) => void socket.end(`HTTP/1.1 201 Created\r\n\r\n${RECEIPT}`);
    expect(await twice()).toEqual(['sent', 'sent', 2]);
  });

  it('byte by byte', async () => {
    stage.server.reply = (_request, socket) => {
      let at = 0;
      const next = (): void => {
        if (at === sent.length || socket.destroyed) return;
        socket.write(sent[at++]!);
        setImmediate(next);
      };
      next();
    };
    expect(await twice()).toEqual(['sent', 'sent', 1]);
  });
});

describe('an answer that two readers could end in different places', () => {
  it.each<[string, string]>([
    ['has two lengths', sent.replace(LENGTH, `${LENGTH}\r\n${LENGTH}`)],
    ['has a length and chunks', chunked(`${inChunks(RECEIPT)}0\r\n\r\n`).replace('\r\n', `\r\n${LENGTH}\r\n`)],
    [
      'has two encodings',
      chunked(`${inChunks(RECEIPT)}0\r\n\r\n`).replace('chunked', 'chunked\r\nTransfer-Encoding: chunked'),
    ],
    ['has another encoding', chunked(RECEIPT).replace('chunked', 'identity')],
    ['has a negative length', sent.replace(LENGTH, 'Content-Length: -1')],
    ['has a length in another notation', sent.replace(LENGTH, `Content-Length: 0x${RECEIPT.length.toString(16)}`)],
    ['has two values for its length', sent.replace(LENGTH, `${LENGTH}, ${RECEIPT.length}`)],
    ['folds a header', sent.replace(LENGTH, `X-A: b\r\n ${LENGTH}`)],
    ['has a blank before a colon', sent.replace('Content-Length:', 'Content-Length :')],
    ['has a header without a name', sent.replace('\r\n', '\r\n: a\r\n')],
    ['ends its lines by half', sent.replaceAll('\r\n', '\n')],
    ['has a chunk without a size', chunked(`\r\n${RECEIPT}\r\n0\r\n\r\n`)],
    ['has a chunk that is longer than it says', chunked(`5\r\n${RECEIPT}\r\n0\r\n\r\n`)],
    ['has a chunk of a negative size', chunked(`-5\r\n${RECEIPT}\r\n0\r\n\r\n`)],
    ['changes the protocol', `HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n${sent}`],
    ['is of HTTP/2', sent.replace('HTTP/1.1', 'HTTP/2.0')],
    ['has a status of two digits', sent.replace('201', '20')],
  ])('is none if it %s, and its connection ends', async (_, answer) => {
    stage.server.reply = answer;
    const transport = stage.transport({ maxSockets: 1, requestTimeout: 1_000 });
    expect(await send(transport)).toBe('unknown');
    await eventually(() => stage.server.openSockets === 0);
    stage.server.reply = sent;
    expect(await send(transport)).toBe('sent');
  });

  it.each<[string, string]>([
    ['a head', `HTTP/1.1 201 Created\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`],
    ['a head without an end', `HTTP/1.1 201 Created\r\nX-A: ${'a'.repeat(20_000)}`],
    ['interim answers', `HTTP/1.1 102 Processing\r\nX-A: ${'a'.repeat(1_000)}\r\n\r\n`.repeat(20)],
    ['a line of a chunk', chunked(`5;${'a'.repeat(20_000)}`)],
    ['a trailer', chunked(`0\r\n${`X-A: ${'a'.repeat(1_000)}\r\n`.repeat(20)}`)],
    ['a chunk', chunked('fffffff\r\n')],
    ['chunks', chunked(inChunks('x'.repeat(65_536)).repeat(5))],
  ])('is not read to its end if it has %s beyond its limit, and its connection ends', async (_, answer) => {
    stage.server.reply = answer;
    expect(await send(stage.transport())).toBe('unknown');
    await eventually(() => stage.server.openSockets === 0);
  });
});

describe('what comes outside of an exchange', () => {
  it.each<[string, string]>([
    ['a second answer', sent + sent],
    ['an empty line', `${sent}\r\n`],
    ['one after a 204', `${http(204, '').replace('Content-Length: 0\r\n', '')}${sent}`],
  ])('at the end of an answer (%s) is the answer to nothing', async (_, answer) => {
    stage.server.reply = (_request, socket) => {
      if (stage.server.requests.length === 1) socket.write(answer);
    };
    const [, second, connections] = await twice({ requestTimeout: 500 });
    expect([second, connections]).toEqual(['unknown', 2]);
  });

  it('from an idle connection ends it', async () => {
    let peer: Socket | undefined;
    const kept = sent.replace('\r\n', '\r\nKeep-Alive: timeout=600\r\n');
    stage.server.reply = (_request, socket) => ((peer ??= socket) === socket ? kept : undefined);
    const transport = stage.transport({ maxSockets: 1, requestTimeout: 500 });
    expect(await send(transport)).toBe('sent');
    peer!.write(sent);
    await eventually(() => stage.server.openSockets === 0);
    expect(await send(transport)).toBe('unknown');
    expect(stage.server.connections).toBe(2);
  });

  it('for a request that was given up is not the answer to the next', async () => {
    const open: Socket[] = [];
    stage.server.reply = (_request, socket) => void open.push(socket);
    const transport = stage.transport({ maxSockets: 1, requestTimeout: 1_000 });
    const caller = new AbortController();
    const first = send(transport, caller.signal);
    await eventually(() => open.length === 1);
    const second = send(transport);
    caller.abort();
    expect(await first).toBe('unknown');
    open[0]!.write(sent);
    await eventually(() => open.length === 2);
    expect(await second).toBe('unknown');
  });

  it('before a request has left completely leaves no rest of it for the next', async () => {
    // 18 MB on the wire, where a carriage return is 18 bytes: more than the system takes for a server that does not read.
    const large = `x${'\r'.repeat(1_000_000)}`;
    const requests: string[] = [];
    const open: Socket[] = [];
    const server = createServer((socket) => {
      open.push(socket);
      socket.once('data', (start: Buffer) => {
        requests.push(start.toString('latin1', 0, 4));
        // Reads no more, so most of the request cannot leave.
        socket.pause();
        socket.write(http(201, receiptXml(start.includes('<![CDATA[x') ? large : BODY)));
      });
      socket.on('error', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = endpointOf(server);
    const transport = stage.transport({ endpoint, maxSockets: 1 });
    expect(await outcome(transport.send(outbound({ body: large }), never), () => 'sent')).toBe('sent');
    expect(await send(transport)).toBe('sent');
    expect(requests).toEqual(['POST', 'POST']);
    await transport.close();
    for (const socket of open) socket.destroy();
    server.close();
  });
});

describe('a connection that nobody uses', () => {
  it('and that the broker has closed is not used again', async () => {
    stage.server.reply = (_request, socket) => void socket.end(sent);
    const transport = stage.transport({ maxSockets: 1 });
    for (let n = 1; n <= 3; n++) {
      expect(await send(transport)).toBe('sent');
      await eventually(() => stage.server.openSockets === 0);
      expect(stage.server.connections).toBe(n);
    }
  });

  it('is closed before the broker would do so', async () => {
    stage.server.reply = sent.replace('\r\n', '\r\nKeep-Alive: timeout=3\r\n');
    expect(await send(stage.transport())).toBe('sent');
    expect(stage.server.openSockets).toBe(1);
    await eventually(() => stage.server.openSockets === 0);
  });

  it('is not used after its time, although the process has not had a turn to close it', async () => {
    const clock = new ManualClock();
    const transport = stage.transport({ clock, maxSockets: 1 });
    expect(await send(transport)).toBe('sent');
    await clock.advance(3_900);
    expect(await send(transport)).toBe('sent');
    expect(stage.server.connections).toBe(1);
    await clock.advance(4_100);
    expect(await send(transport)).toBe('sent');
    expect(stage.server.connections).toBe(2);
  });
});

it('a broker that takes connections and says nothing of TLS is one that cannot be reached, and costs the next nothing', async () => {
  const silent = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const endpoint = endpointOf(silent, 'https:');
  const transport = stage.transport({ endpoint, maxSockets: 1, connectTimeout: 200, requestTimeout: '20s' });
  expect(await Promise.all([send(transport), send(transport)])).toEqual(['unavailable', 'unavailable']);
  await transport.close();
  silent.close();
});

it('a broker that closes each connection at once gets no request twice', async () => {
  const server = createServer((socket) => void socket.end().on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const transport = stage.transport({ endpoint: endpointOf(server), ...short });
  expect(['unknown', 'unavailable']).toContain(await send(transport));
  await transport.close();
  server.close();
});

it('a process ends by itself while its connections are idle', async () => {
  stage.server.reply = sent.replace('\r\n', '\r\nKeep-Alive: timeout=600\r\n');
  const { code, stdout } = await Program.run(SEND_TWICE, { args: [stage.server.endpoint] });
  expect([code, stdout.trim()]).toEqual([0, 'sent\nsent']);
  expect(stage.server.connections).toBe(1);
});

describe('over TLS', () => {
  const identity = makeSelfSignedCertificate();
  let server: Server;
  let seen: [protocol: string | false | null, name: unknown, isResumed: boolean][];
  let folder: string;
  beforeEach(async () => {
    seen = [];
    server = createTlsServer({ key: identity.key, cert: identity.certificate, ALPNProtocols: ['h2', 'http/1.1'] });
    server.on('secureConnection', (socket: TLSSocket & { servername?: unknown }) => {
      seen.push([socket.alpnProtocol, socket.servername, socket.isSessionReused()]);
      socket
        .on('error', () => undefined)
        .on('data', () => socket.end(sent.replace('\r\n', '\r\nConnection: close\r\n')));
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    folder = await mkdtemp(join(tmpdir(), 'mq-tls-'));
  });
  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  const sendTwice = async (authority: string): Promise<string> => {
    const trusted = join(folder, 'ca.pem');
    await writeFile(trusted, authority);
    const env = { NODE_EXTRA_CA_CERTS: trusted };
    const args = [endpointOf(server, 'https:', 'localhost')];
    return (await Program.run(SEND_TWICE, { args, env })).stdout.trim();
  };

  it('nothing is sent to a server that nobody vouches for', async () => {
    expect(await sendTwice(makeSelfSignedCertificate().certificate)).toBe('unavailable\nunavailable');
  });

  it('the name is told, HTTP/1.1 is agreed, and the next handshake is shorter', async () => {
    expect(await sendTwice(identity.certificate)).toBe('sent\nsent');
    expect(seen).toEqual([
      ['http/1.1', 'localhost', false],
      ['http/1.1', 'localhost', true],
    ]);
  });
});

function endpointOf(server: Server, scheme = 'http:', host = '127.0.0.1'): string {
  return `${scheme}//${host}:${(server.address() as AddressInfo).port}`;
}
