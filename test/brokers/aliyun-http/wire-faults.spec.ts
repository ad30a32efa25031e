import type { Socket } from 'node:net';
import { eventually } from '../../support/eventually.js';
import { http, messageXml, messagesXml, receiptXml } from '../../support/transport/answers.js';
import { outbound, subscription } from '../../support/transport/messages.js';
import { failure, never, outcome, Stage } from '../../support/transport/stage.js';

const BODY = '{"id":1}';
const sent = http(201, receiptXml(BODY));
const message = outbound({ body: BODY });
const silence = (): void => undefined;

let stage: Stage;
// The first request of a process loads the client, which may take longer than the short limits below.
beforeAll(async () => {
  stage = await Stage.open(sent);
  expect(await stage.publish(message)).toBe('sent');
  await stage.close();
});
beforeEach(async () => (stage = await Stage.open(sent)));
afterEach(() => stage.close());

describe('whether a failed publish can have arrived', () => {
  const short = { requestTimeout: 500, connectTimeout: 500 };

  it.each<[string, (socket: Socket) => void]>([
    ['drops the connection', (socket) => socket.destroy()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
    ['is silent', silence],
    ['stalls after the status line', (socket) => socket.write(sent.slice(0, 20))],
    ['stalls inside the body', (socket) => socket.write(sent.slice(0, -10))],
    ['closes inside the body', (socket) => socket.end(sent.slice(0, -10))],
    ['speaks something else', (socket) => socket.write('220 smtp.example.com ESMTP\r\n\r\n')],
    ['sends an interim answer only', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n')],
  ])('is unknown when the broker %s', async (_, answer) => {
    stage.server.reply = (_request, socket) => answer(socket);
    expect(await stage.publish(message, short)).toBe('unknown');
    expect(stage.server.requests).toHaveLength(1);
  });

  it('is no when nobody listens', async () => {
    expect(await stage.publish(message, { endpoint: 'http://127.0.0.1:1' })).toBe('unavailable');
  });

  it('is no when the name does not resolve', async () => {
    expect(await stage.publish(message, { endpoint: 'http://broker.invalid' })).toBe('unavailable');
  });

  it('is no when TLS fails', async () => {
    const endpoint = stage.server.endpoint.replace('http:', 'https:');
    expect(await stage.publish(message, { endpoint, ...short })).toBe('unavailable');
    expect(stage.server.requests).toHaveLength(0);
  });

  it('is no when the caller gave up before, and unknown when he gave up during the request', async () => {
    stage.server.reply = silence;
    const transport = stage.transport();
    expect(await outcome(transport.send(message, AbortSignal.abort()), () => 'sent')).toBe('aborted');
    const caller = new AbortController();
    const waiting = outcome(transport.send(message, caller.signal), () => 'sent');
    await eventually(() => stage.server.requests.length === 1);
    caller.abort();
    expect(await waiting).toBe('unknown');
    await eventually(() => stage.server.openSockets === 0);
  });

  it('is no while it waits for a socket', async () => {
    stage.server.reply = silence;
    const transport = stage.transport({ maxSockets: 1 });
    const callers = [new AbortController(), new AbortController()];
    const calls = callers.map(({ signal }) => outcome(transport.send(message, signal), () => 'sent'));
    await eventually(() => stage.server.requests.length === 1);
    callers[1]!.abort();
    expect(await calls[1]).toBe('aborted');
    callers[0]!.abort();
    expect(await calls[0]).toBe('unknown');
    expect(stage.server.requests).toHaveLength(1);
  });

  it('is no when it was given up before its connection was made: then it is never sent', async () => {
    // Microtasks only: the request is shaped and its connection begun, and the event loop has had no turn to make it.
    const moments = Array.from({ length: 50 }, (_, ticks) => ticks);
    const outcomes = await Promise.all(
      moments.map(async (ticks) => {
        const transport = stage.transport();
        await transport.connect();
        const caller = new AbortController();
        const call = outcome(transport.send({ ...message, key: `tick-${ticks}` }, caller.signal), () => 'sent');
        for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
        caller.abort();
        return { key: `tick-${ticks}`, told: await call };
      }),
    );
    await stage.publish({ ...message, key: 'last' });
    const arrived = stage.server.requests.map(({ body }) => /KEYS:([\w-]+)/.exec(body)![1]);
    const denied = outcomes.filter(({ told }) => told === 'aborted').map(({ key }) => key);
    expect(denied.length).toBeGreaterThan(40);
    expect(arrived.filter((key) => denied.includes(key!))).toEqual([]);
    expect(arrived).toContain('last');
  });

  it('is no for a message that the wire cannot carry', async () => {
    expect(await stage.publish({ ...message, key: 'a|__STARTDELIVERTIME:9' })).toBe('invalid');
    expect(await stage.publish({ ...message, body: 'x'.repeat(4_194_305) })).toBe('too-large');
    expect(stage.server.requests).toHaveLength(0);
  });
});

it('waits for the final answer after an interim one', async () => {
  stage.server.reply = `HTTP/1.1 102 Processing\r\n\r\n${sent}`;
  expect(await stage.publish(message)).toBe('sent');
});

it('takes an answer in chunks, byte by byte', async () => {
  const chunked = sent.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked');
  const [head, body] = chunked.split('\r\n\r\n') as [string, string];
  const chunks = Array.from(body, (character) => `1\r\n${character}\r\n`).join('');
  stage.server.reply = `${head}\r\n\r\n${chunks}0\r\n\r\n`;
  expect(await stage.publish(message)).toBe('sent');
});

it('ends an answer that drips, at its one deadline', async () => {
  stage.server.reply = (_request, socket) => {
    let at = 0;
    const drip = setInterval(() => socket.write(sent[at++] ?? ''), 20);
    socket.on('close', () => clearInterval(drip));
  };
  // A deadline that each byte puts off would let the whole answer come, and that says 'sent'.
  expect(await stage.publish(message, { requestTimeout: 300 })).toBe('unknown');
  await eventually(() => stage.server.openSockets === 0);
});

it.each([
  ['declares more', http(200, 'x', { 'Content-Length': '50000' })],
  ['sends more', http(200, 'x'.repeat(50_000)).replace(/Content-Length: \d+/, 'Connection: close')],
])('reads no answer that %s than its limit, and hangs up', async (_, wire) => {
  stage.server.reply = wire;
  expect(await stage.poll({}, { maxResponseBytes: 20_000 })).toBe('unknown');
  await eventually(() => stage.server.openSockets === 0);
});

it('follows no redirect', async () => {
  const elsewhere = await Stage.open(sent);
  stage.server.reply = http(307, '', { Location: `${elsewhere.server.endpoint}/topics/orders/messages` });
  expect(await stage.publish(message)).toBe('unknown');
  expect(elsewhere.server.requests).toHaveLength(0);
  await elsewhere.close();
});

it('never opens more sockets than it may, also when connections fail in between', async () => {
  let dropped = 0;
  stage.server.reply = (_request, socket) => {
    dropped += 1;
    if (dropped % 5 === 0) socket.destroy();
    else setTimeout(() => socket.write(sent), 5);
  };
  const transport = stage.transport({ maxSockets: 4 });
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, stage.server.openSockets)), 1);
  const calls = Array.from({ length: 100 }, () => outcome(transport.send(message, never), () => 'sent'));
  const outcomes = await Promise.all(calls);
  clearInterval(watch);
  expect(outcomes.filter((each) => each === 'sent')).toHaveLength(80);
  expect(outcomes.filter((each) => each === 'unknown')).toHaveLength(20);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(4);
});

it('uses a connection again', async () => {
  const transport = stage.transport();
  for (let i = 0; i < 20; i++) await transport.send(message, never);
  expect(stage.server.connections).toBe(1);
});

it('uses a connection again after an acknowledgement, which is a DELETE with a body', async () => {
  const source = stage.transport().subscribe(subscription());
  stage.server.reply = http(200, messagesXml(messageXml()));
  const deliveries = await source.receive({ max: 1, waitMs: 0, leaseMs: 0 }, never);
  stage.server.reply = http(204, '');
  for (let i = 0; i < 20; i++) expect(await source.ack(deliveries, never)).toEqual(['done']);
  // One for polls, one for the rest.
  expect(stage.server.connections).toBe(2);
});

it('lets polls take no socket from publishing', async () => {
  stage.server.reply = (request) => (request.method === 'POST' ? sent : undefined);
  const transport = stage.transport({ maxSockets: 1 });
  const stop = new AbortController();
  const polls = Array.from({ length: 8 }, (_, i) => {
    const source = transport.subscribe(subscription({ groupId: `GID_${i}` }));
    return outcome(source.receive({ max: 1, waitMs: 30_000, leaseMs: 0 }, stop.signal), () => 'messages');
  });
  await eventually(() => stage.server.requests.length === 8);
  await transport.send(message, never);
  stop.abort();
  expect(new Set(await Promise.all(polls))).toEqual(new Set(['aborted']));
});

it('waits for a poll as long as it asked the broker to wait, and a little longer', async () => {
  stage.server.reply = (request, socket) => {
    expect(request.target).toContain('waitseconds=1');
    setTimeout(() => socket.write(http(200, messagesXml(messageXml()))), 1_100);
  };
  const source = stage.transport({ pollTimeout: '1s', requestTimeout: 100 }).subscribe(subscription());
  expect(await source.receive({ max: 1, waitMs: 1_999, leaseMs: 0 }, never)).toHaveLength(1);
  stage.server.reply = silence;
  expect((await failure(source.receive({ max: 1, waitMs: 0, leaseMs: 0 }, never))).kind).toBe('unknown');
});

it('settles everything when it is closed in the middle', async () => {
  stage.server.reply = silence;
  const transport = stage.transport({ maxSockets: 1 });
  const calls = [1, 2].map(() => outcome(transport.send(message, never), () => 'sent'));
  const poll = outcome(
    transport.subscribe(subscription()).receive({ max: 1, waitMs: 30_000, leaseMs: 0 }, never),
    () => 'messages',
  );
  await eventually(() => stage.server.requests.length === 2);
  await transport.close();
  expect(await Promise.all(calls)).toEqual(['unknown', 'unavailable']);
  expect(await poll).toBe('unknown');
  await eventually(() => stage.server.openSockets === 0);
});

it('tells the retry time that the broker asks for', async () => {
  stage.server.reply = http(429, '', { 'Retry-After': '7' });
  const transport = stage.transport();
  expect(await failure(transport.send(message, never))).toMatchObject({ kind: 'throttled', retryAfterMs: 7_000 });
  stage.server.reply = http(503, '', { 'Retry-After': new Date(Date.now() + 60_000).toUTCString() });
  const { kind, retryAfterMs } = await failure(transport.send(message, never));
  expect(kind).toBe('unknown');
  expect(retryAfterMs).toBeGreaterThan(50_000);
});

const BROKER_TIME = 'Fri, 02 Jan 2026 03:04:05 GMT';

it.each<[string, number | undefined]>([
  ['0', 0],
  ['120', 120_000],
  ['999999999999', 300_000],
  ['9'.repeat(400), 300_000],
  // On the broker's clock, whatever this machine thinks of the time.
  ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 300_000],
  ['-5', undefined],
  ['1.5', undefined],
  ['1e9', undefined],
  ['NaN', undefined],
  ['Infinity', undefined],
  ['soon', undefined],
])('makes of the retry time %p a wait of %p ms', async (value, ms) => {
  stage.server.reply = http(429, '', { 'Retry-After': value, Date: BROKER_TIME });
  expect((await failure(stage.transport().send(message, never)))['retryAfterMs']).toBe(ms);
});

it('warns of no leak when one signal stops many calls', async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): number => warnings.push(warning.name);
  process.on('warning', listen);
  const transport = stage.transport();
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 40 }, () => transport.send(message, signal)));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});
