import dns from 'node:dns';
import { eventually } from '../../../support/eventually.js';
import { TcpRelay } from '../../../support/rocketmq/scripted-proxy-relay.js';
import {
  never,
  outbound,
  outcome,
  poll,
  SHORT,
  Stage,
  subscription,
  timed,
} from '../../../support/transport/rocketmq-stage.js';
import type { Source, Transport } from '../../../support/transport/rocketmq-stage.js';

const NAME = 'mq.test';
/** On processors with nothing else to do it takes 1 s, and 3 s where calls have to miss their deadlines. gRPC alone would look a name up again after 30 s. */
const SOON_MS = 20_000;

let stage: Stage;
let addresses: string[];
const relays: TcpRelay[] = [];
beforeEach(async () => {
  stage = await Stage.open();
  const lookup = dns.promises.lookup as (...about: unknown[]) => Promise<unknown>;
  jest
    .spyOn(dns.promises, 'lookup')
    .mockImplementation(((host: string, ...about: unknown[]) =>
      host === NAME
        ? Promise.resolve(addresses.map((address) => ({ address, family: 4 })))
        : lookup(host, ...about)) as never);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await stage.close();
  await Promise.all(relays.splice(0).map((relay) => relay.down()));
});

/** One more address of the server, on the port of the first. */
async function address(host: string, port = 0): Promise<TcpRelay> {
  const relay = new TcpRelay(stage.proxy.network.address.port, host, port);
  await relay.up();
  relays.push(relay);
  return relay;
}

/** Until a message is sent and one is received, by somebody who keeps trying; both by way of the name. One that a poll lost does not come again. */
async function works(transport: Transport, source: Source): Promise<void> {
  const sent = () => outcome(transport.send(outbound(), never), () => 'sent');
  await eventually(async () => (await sent()) === 'sent' && (await poll(source)).length > 0, {
    intervalMs: 100,
    what: 'a message being sent, and one received',
  });
}

function open(port: number): [Transport, Source] {
  stage.proxy.topic('orders', { host: NAME, port });
  const transport = stage.transport({ endpoints: `${NAME}:${port}`, ...SHORT });
  return [transport, transport.subscribe(subscription())];
}

describe('a name', () => {
  it.each([
    ['refuses', (old: TcpRelay) => old.down()],
    ['is silent', (old: TcpRelay) => void (old.swallowing = true)],
  ])('that leads elsewhere once its server %s is followed soon', async (_, end) => {
    const old = await address('127.0.0.1');
    const { port } = old.address;
    const next = await address('127.0.0.2', port);
    addresses = [old.host];
    const [transport, source] = open(port);
    await works(transport, source);
    expect(next.accepted).toBe(0);
    addresses = [next.host];
    await end(old);
    expect(await timed(() => works(transport, source))).toBeLessThan(SOON_MS);
    expect(next.accepted).toBeGreaterThan(0);
  });

  it.each([
    ['refuses', false],
    ['takes connections and says nothing', true],
  ])('with an address that %s leads to the next one', async (_, silent) => {
    const next = await address('127.0.0.2');
    const { port } = next.address;
    if (silent) (await address('127.0.0.1', port)).swallowing = true;
    addresses = ['127.0.0.1', next.host];
    const [transport, source] = open(port);
    expect(await timed(() => works(transport, source))).toBeLessThan(SOON_MS);
    expect(next.accepted).toBeGreaterThan(0);
  });
});
