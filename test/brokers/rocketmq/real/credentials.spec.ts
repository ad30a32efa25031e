import { inspect } from 'node:util';
import { rocketmq, type RocketmqOptions } from 'nestjs-reliable-mq/rocketmq';
import { eventually } from '../../../support/eventually.js';
import { type RunningRocketmq, startRocketmq } from '../../../support/rocketmq/start-rocketmq.mjs';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import {
  failure,
  never,
  outbound,
  poll,
  subscription,
  type Transport,
} from '../../../support/transport/rocketmq-stage.js';

const START_TIMEOUT_MS = 280_000;

const RIGHT = { accessKey: 'alice', accessSecret: 'correct-horse' };
const WRONG_SECRET = 'battery-staple';
const CONTENT = { topics: [{ name: 'orders' }], groups: [{ name: 'GID_stock' }] };

describeRocketmq('who may connect', () => {
  let guarded: RunningRocketmq;
  let open: RunningRocketmq;
  const transports: Transport[] = [];

  beforeAll(async () => {
    [guarded, open] = await Promise.all([startRocketmq({ ...CONTENT, auth: RIGHT }), startRocketmq(CONTENT)]);
  }, START_TIMEOUT_MS);
  afterEach(() => Promise.all(transports.splice(0).map((transport) => transport.close())));
  afterAll(() => Promise.all([guarded?.stop(), open?.stop()]), START_TIMEOUT_MS);

  const connect = (broker: RunningRocketmq, options: Partial<RocketmqOptions>): Transport => {
    const transport = rocketmq({ endpoints: broker.endpoint, ...options });
    transports.push(transport);
    return transport;
  };
  const publishes = (tls: RocketmqOptions['tls']): Promise<unknown> => connect(open, { tls }).send(outbound(), never);

  it('the right credentials publish, receive and acknowledge', async () => {
    const transport = connect(guarded, { credentials: RIGHT });
    const source = transport.subscribe(subscription());
    // A group that the broker has never seen may begin at the end of the topic.
    await poll(source);
    await transport.send(outbound({ body: '"guarded"' }), never);
    const [delivery] = await eventually(
      async () => {
        const deliveries = await poll(source, { waitMs: 2_000 });
        return deliveries.length > 0 ? deliveries : null;
      },
      { what: 'the message' },
    );
    expect(delivery!.message.body).toBe('"guarded"');
    expect(await source.ack([delivery!], never)).toEqual(['done']);
    await source.close();
  });

  it.each<[string, RocketmqOptions['credentials']]>([
    ['the wrong secret', { ...RIGHT, accessSecret: WRONG_SECRET }],
    ['a user that nobody knows', { ...RIGHT, accessKey: 'bob' }],
    ['no credentials', undefined],
  ])('%s: neither publishes nor receives, and no secret is told', async (_, credentials) => {
    const transport = connect(guarded, credentials ? { credentials } : {});
    const source = transport.subscribe(subscription());
    const errors = [await failure(transport.send(outbound(), never)), await failure(poll(source))];
    expect(errors.map(({ kind }) => kind)).toEqual(['auth', 'auth']);
    const told = errors.map((error) => inspect(error, { depth: 9, showHidden: true })).join('\n');
    expect(told).not.toContain(RIGHT.accessSecret);
    expect(told).not.toContain(WRONG_SECRET);
    await source.close();
  });

  it('TLS: a certificate that is trusted is published to', async () => {
    await expect(publishes({ ca: open.certificate })).resolves.toBeDefined();
  });

  it('TLS: one that nobody vouches for is not, and the error says so', async () => {
    for (const tls of [true, { ca: guarded.certificate }])
      expect(await failure(publishes(tls))).toMatchObject({
        kind: 'unavailable',
        message: expect.stringMatching(/self-signed certificate \(transport\.tls\.ca must hold/) as string,
      });
  });

  it('TLS: one that nobody vouches for is published to by who does not care', async () => {
    await expect(publishes({ rejectUnauthorized: false })).resolves.toBeDefined();
  });
});
