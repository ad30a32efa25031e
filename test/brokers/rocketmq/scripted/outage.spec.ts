import { ManualClock } from 'nestjs-reliable-mq/testing';
import { eventually } from '../../../support/eventually.js';
import { hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import { makeSelfSignedCertificate } from '../../../support/rocketmq/self-signed-certificate.mjs';
import {
  bodies,
  failure,
  never,
  outbound,
  outcome,
  poll,
  SHORT,
  Stage,
  stored,
  subscription,
  timed,
} from '../../../support/transport/rocketmq-stage.js';
import type { Source, Transport } from '../../../support/transport/rocketmq-stage.js';

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

const send = (transport: Transport, topic = 'orders') =>
  outcome(transport.send(outbound({ topic }), never), () => 'sent');

/** How long it takes until a message is sent, and one is received, by somebody who keeps trying. */
async function recovery(transport: Transport, source: Source): Promise<number> {
  return timed(async () => {
    await eventually(async () => (await send(transport)) === 'sent', { intervalMs: 100 });
    await eventually(async () => (await poll(source)).length > 0, { intervalMs: 100 });
  });
}

describe('one connection', () => {
  it.each([['plain'], ['TLS']])('serves an hour of sending, polling and asking for routes over %s', async (kind) => {
    const identity = makeSelfSignedCertificate();
    const proxy = kind === 'TLS' ? await stage.another({ tls: identity }) : stage.proxy;
    proxy.topic('orders');
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({
      endpoints: proxy.endpoint,
      clock,
      ...(kind === 'TLS' && { tls: { ca: identity.certificate } }),
    });
    const source = transport.subscribe(subscription());
    for (let minute = 0; minute < 60; minute += 1) {
      await clock.advance(60_000);
      await transport.send(outbound({ body: `${minute}` }), never);
      expect(bodies(await poll(source))).toEqual([`${minute}`]);
    }
    await eventually(() => proxy.seen('queryRoute').length >= 60);
    expect(proxy.network.accepted).toBe(1);
    expect(proxy.streamsOpened).toBe(2);
  });
});

/**
 * Within this long of its end, an outage is over: on processors with nothing else to do within 1 or 2 s. A call that hangs on
 * a connection that is being made, or gRPC's own pauses, would take 20 s to two minutes.
 */
const SOON_MS = 15_000;

describe('an outage', () => {
  it('is over soon after the return of the server', async () => {
    const transport = stage.transport();
    const source = transport.subscribe(subscription());
    await recovery(transport, source);
    await stage.proxy.network.down();
    const kinds = new Set<string>();
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      kinds.add(await send(transport));
      kinds.add((await failure(poll(source))).kind);
    }
    expect([...kinds].filter((kind) => kind !== 'unavailable' && kind !== 'unknown')).toEqual([]);
    await stage.proxy.network.up();
    expect(await recovery(transport, source)).toBeLessThan(SOON_MS);
  });

  it('that swallows everything ends calls by their deadlines and polls soon after, and is over soon after its end', async () => {
    const transport = stage.transport(SHORT);
    const source = transport.subscribe(subscription());
    await recovery(transport, source);
    const polling = timed(() => poll(source, { waitMs: 60_000 }));
    await eventually(() => stage.proxy.seen('receiveMessage').length >= 2);
    const { accepted } = stage.proxy.network;
    stage.proxy.network.swallowing = true;
    const kinds: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      expect(await timed(async () => kinds.push(await send(transport)))).toBeLessThan(SOON_MS);
    }
    // Two that may have been taken; then the connection is replaced, and nothing leaves any more.
    expect(kinds).toEqual(['unknown', 'unknown', 'unavailable', 'unavailable']);
    expect(await polling).toBeLessThan(30_000);
    stage.proxy.network.swallowing = false;
    expect(await recovery(transport, source)).toBeLessThan(SOON_MS);
    expect(stage.proxy.network.accepted - accepted).toBeLessThan(8);
    await eventually(() => stage.proxy.network.open === 1);
  });

  it.each([
    ['two calls that are lost together', 0],
    ['any number of calls that are lost while others are answered', 8],
  ])('is not what %s are', async (_, answered) => {
    const transport = stage.transport(SHORT);
    const source = transport.subscribe(subscription());
    await recovery(transport, source);
    const polling = poll(source, { waitMs: 20_000 }, AbortSignal.timeout(15_000)).catch(() => []);
    const { accepted } = stage.proxy.network;
    const lose = new Set(['a', 'b', 'c', 'd']);
    stage.proxy.script.sendMessage = (request) =>
      lose.has(String((request as { messages: { body: Buffer }[] }).messages[0]!.body))
        ? hang()
        : stage.proxy.store.send(request);
    const send = (body: string) => outcome(transport.send(outbound({ key: body, body }), never), () => 'sent');
    const lost = ['a', 'b', 'c', 'd'].map(send);
    // Halfway through the time that those have.
    const until = performance.now() + 500;
    await eventually(() => performance.now() > until);
    for (let i = 0; i < answered; i += 1) expect(await send('e')).toBe('sent');
    expect((await Promise.all(lost)).every((each) => each !== 'sent')).toBe(true);
    for (let i = 0; i < answered; i += 1) {
      const again = send('a');
      expect(await send('e')).toBe('sent');
      expect(await again).toBe('unanswered');
    }
    expect(await send('e')).toBe('sent');
    expect(stage.proxy.network.accepted).toBe(accepted);
    stage.proxy.store.put(stored('end'));
    await polling;
  });

  it('that swallows everything is noticed by one who only reads, without a call of his own', async () => {
    const source = stage.source({}, SHORT);
    await poll(source);
    const polling = timed(() => poll(source, { waitMs: 80_000 }));
    await eventually(() => stage.proxy.seen('receiveMessage').length === 2);
    stage.proxy.network.swallowing = true;
    // A heartbeat after 10 s at most, another a second after it was missed.
    expect(await polling).toBeLessThan(40_000);
  });

  it('is noticed by the second poll that is left, although the first saw others answered before its own answer was due', async () => {
    const transport = stage.transport(SHORT);
    const source = transport.subscribe(subscription());
    await recovery(transport, source);
    stage.proxy.topic('others');
    expect(await send(transport, 'others')).toBe('sent');
    const { accepted } = stage.proxy.network;
    const polls = stage.proxy.seen('receiveMessage').length;
    const polling = failure(poll(source, { waitMs: 5_000 }));
    await eventually(() => stage.proxy.seen('receiveMessage').length > polls);
    expect(await send(transport, 'others')).toBe('sent');
    stage.proxy.network.swallowing = true;
    expect((await polling).kind).toBe('unknown');
    expect((await failure(poll(source))).kind).toBe('unknown');
    stage.proxy.network.swallowing = false;
    expect(await send(transport, 'others')).toBe('sent');
    expect(stage.proxy.network.accepted).toBeGreaterThan(accepted);
  });

  it('of a broker that swallows a connection from its start is over soon after its end', async () => {
    const second = await stage.another();
    stage.proxy.topic('orders', second.network.address);
    second.network.swallowing = true;
    const source = stage.source({}, SHORT);
    for (let i = 0; i < 3; i += 1) expect((await failure(poll(source))).kind).toBe('unavailable');
    second.network.swallowing = false;
    second.store.put(stored('a'));
    const back = timed(() => eventually(async () => (await poll(source)).length > 0, { intervalMs: 100 }));
    expect(await back).toBeLessThan(SOON_MS);
    await eventually(() => second.network.open === 1);
  });

  it('of a connection that has idled is none: it is made anew before it is asked for a route', async () => {
    const second = await stage.another();
    for (const name of ['orders', 'others']) stage.proxy.topic(name, second.network.address);
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    expect(await send(transport)).toBe('sent');
    stage.proxy.network.forget();
    await clock.advance(61_000);
    expect(await send(transport, 'others')).toBe('sent');
    await eventually(() => stage.proxy.network.open === 1);
  });

  it('of the server that knows routes is no outage for those who know them', async () => {
    const second = await stage.another();
    stage.proxy.topic('orders', second.network.address);
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    expect(await send(transport)).toBe('sent');
    await stage.proxy.network.down();
    for (let i = 0; i < 5; i += 1) {
      await clock.advance(31_000);
      expect(await send(transport)).toBe('sent');
    }
  });
});

describe('several endpoints', () => {
  it.each([
    ['addresses', '127.0.0.1'],
    ['names', 'localhost'],
  ])('that are %s are tried in turn, for many topics at once', async (_, host) => {
    const { port } = stage.proxy.network.address;
    const names = Array.from({ length: 6 }, (_each, index) => `topic-${index}`);
    for (const name of names) stage.proxy.topic(name);
    const transport = stage.transport({ endpoints: [`${host}:1`, `${host}:${port}`] });
    expect(await Promise.all(names.map((name) => send(transport, name)))).toEqual(names.map(() => 'sent'));
  });

  it('may be written in one text, and as IPv6', async () => {
    const sixth = await stage.another({ host: '::1' });
    sixth.topic('orders');
    expect(sixth.endpoint).toMatch(/^\[::1\]:\d+$/);
    expect(await stage.publish({}, { endpoints: `[::1]:1; ${sixth.endpoint}` })).toBe('sent');
    expect(sixth.seen('sendMessage')).toHaveLength(1);
  });
});
