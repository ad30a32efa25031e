import { existsSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { queryRoute, ROUTE_OK } from '../../support/rocketmq/query-route.mjs';
import { RocketmqAdmin } from '../../support/rocketmq/rocketmq-admin.mjs';
import { type RunningRocketmq, startRocketmq } from '../../support/rocketmq/start-rocketmq.mjs';
import { describeRocketmq } from '../../support/rocketmq/use-rocketmq.js';
import { isAlive, isListening } from './support/processes.js';

const START_TIMEOUT_MS = 120_000;
const TYPES = ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION'] as const;
const UNAUTHORIZED = 40_100;

describeRocketmq('RocketMQ that a test starts for itself', () => {
  const auth = { accessKey: 'alice', accessSecret: 'correct horse' };
  let open: RunningRocketmq;
  let guarded: RunningRocketmq;

  beforeAll(async () => {
    [open, guarded] = await Promise.all([
      startRocketmq({ topics: TYPES.map((type) => ({ name: `seeded_${type}`, type, queues: 2 })) }),
      startRocketmq({ topics: [{ name: 'seeded_GUARDED' }], auth }),
    ]);
  }, START_TIMEOUT_MS);

  afterAll(() => Promise.all([open?.stop(), guarded?.stop()]), START_TIMEOUT_MS);

  it.each(TYPES)('has its %s topic from the start', async (type) => {
    expect(await queryRoute(open.endpoint, `seeded_${type}`)).toEqual({
      code: ROUTE_OK,
      message: 'OK',
      queues: 2,
      byBroker: { broker: 2 },
      types: [type],
    });
  });

  it('runs beside another one, and neither has the topics of the other', async () => {
    expect((await queryRoute(open.endpoint, 'seeded_GUARDED')).code).not.toBe(ROUTE_OK);
    expect((await queryRoute(guarded.endpoint, 'seeded_FIFO', { auth })).code).not.toBe(ROUTE_OK);
  });

  it('with credentials, lets in only who has them', async () => {
    const ask = async (as?: typeof auth): Promise<number> =>
      (await queryRoute(guarded.endpoint, 'seeded_GUARDED', { auth: as })).code;
    expect(await ask(auth)).toBe(ROUTE_OK);
    expect(await ask()).toBe(UNAUTHORIZED);
    expect(await ask({ ...auth, accessSecret: 'wrong' })).toBe(UNAUTHORIZED);
    expect(await ask({ ...auth, accessKey: 'bob' })).toBe(UNAUTHORIZED);
  });

  it('with credentials, is administered only by who has them', async () => {
    const topic = { name: 'made_GUARDED', type: 'FIFO' } as const;
    await expect(new RocketmqAdmin(guarded.addresses).createTopic(topic)).rejects.toThrow(/was answered/);
    await new RocketmqAdmin(guarded).createTopic(topic);
    expect(await queryRoute(guarded.endpoint, topic.name, { auth })).toMatchObject({ code: ROUTE_OK, types: ['FIFO'] });
  });

  it('speaks TLS on the same port, with the certificate that it tells', async () => {
    const port = Number(open.endpoint.split(':')[1]);
    const authorized = await new Promise((resolve, reject) => {
      const socket = connectTls(
        { host: '127.0.0.1', port, ca: open.certificate, servername: 'localhost', ALPNProtocols: ['h2'] },
        () => {
          resolve(socket.authorized);
          socket.destroy();
        },
      ).once('error', reject);
    });
    expect(authorized).toBe(true);
  });

  it('paused, it accepts and does not answer; resumed, it answers', async () => {
    open.pause();
    await expect(queryRoute(open.endpoint, 'seeded_FIFO', { timeoutMs: 500 })).rejects.toThrow(/no route .* within/);
    open.resume();
    expect((await queryRoute(open.endpoint, 'seeded_FIFO')).code).toBe(ROUTE_OK);
  });

  it(
    'killed, it is not there; started again, it has the same address and topics',
    async () => {
      const { endpoint, pids } = open;
      await new RocketmqAdmin(open).createTopic({ name: 'made_DELAY', type: 'DELAY' });
      await open.kill();
      await expect(queryRoute(endpoint, 'seeded_FIFO')).rejects.toThrow(/ECONNREFUSED/);

      await open.start();
      expect(open.endpoint).toBe(endpoint);
      expect(open.pids[0]).toBe(pids[0]);
      expect(open.pids[1]).not.toBe(pids[1]);
      expect(await queryRoute(endpoint, 'seeded_FIFO')).toMatchObject({ code: ROUTE_OK, types: ['FIFO'] });
      expect(await queryRoute(endpoint, 'made_DELAY')).toMatchObject({ code: ROUTE_OK, types: ['DELAY'] });
    },
    START_TIMEOUT_MS,
  );

  it(
    'stopped, it leaves no process, no port and no folder',
    async () => {
      const { endpoint, adminAddress, nameServer, pids, folder } = guarded;
      expect(pids).toHaveLength(2);
      expect(existsSync(folder)).toBe(true);
      await guarded.stop();
      expect(pids.filter(isAlive)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
      for (const address of [endpoint, adminAddress, nameServer]) expect(await isListening(address)).toBe(false);
      expect((await queryRoute(open.endpoint, 'seeded_FIFO')).code).toBe(ROUTE_OK);
    },
    START_TIMEOUT_MS,
  );

  it(
    'says why it cannot start, and leaves nothing',
    async () => {
      const lines: string[] = [];
      const starting = startRocketmq({ broker: { brokerRole: 'SLAVE' }, log: (line) => lines.push(line) });
      await expect(starting).rejects.toThrow(/RocketMQ .*: the broker ended\n.*brokerId/s);
      const [, folder] = / in (\S+)$/.exec(lines[0]!)!;
      expect(existsSync(folder!)).toBe(false);
    },
    START_TIMEOUT_MS,
  );
});
