import 'reflect-metadata';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  MqAdminService,
  MqConsumer,
  type MqContext,
  type MqMessage,
  MqModule,
  MqProducerService,
  ReproduceService,
} from 'nestjs-reliable-mq';
import { MqTesting, MqTestingModule, type MqTestingModuleOptions } from 'nestjs-reliable-mq/testing';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { Program } from '../support/program.js';

@MqConsumer('orders', 'stock', { tags: 'created' })
@Injectable()
class ReserveStock {
  readonly seen: string[] = [];

  constructor(private readonly mq: MqProducerService) {}

  async handle({ payload }: MqMessage<string>, { manager, attempt }: MqContext): Promise<void> {
    this.seen.push(`${payload} ${attempt}`);
    await this.mq.publish('orders', { tag: 'reserved', payload: `${payload} reserved` }, { manager });
    if (payload === 'fails' && attempt < 3) throw new Error('no stock');
    if (payload === 'writes') await manager.query('SELECT 1');
  }
}

const apps: TestingModule[] = [];
async function boot(
  options: MqTestingModuleOptions = {},
): Promise<{ app: TestingModule; mq: MqTesting; seen: string[] }> {
  const app = await Test.createTestingModule({
    imports: [
      MqTestingModule.forRoot({
        topics: { orders: { topic: 'shop_orders' } },
        groups: { stock: { groupId: 'GID_stock', backoff: ({ attempt }) => (attempt === 1 ? '1m' : '10m') } },
        ...options,
      }),
    ],
    providers: [ReserveStock],
  }).compile();
  apps.push(app);
  app.useLogger(false);
  const mq = MqTesting.of(app);
  await app.init();
  return { app, mq, seen: app.get(ReserveStock).seen };
}
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const created = (payload: string, more: object = {}) => ({ tag: 'created', payload, ...more });

it('publishes and handles without a database and a broker; time moves by advance() alone', async () => {
  const { app, mq, seen } = await boot();
  const producer = app.get(MqProducerService);
  const anybodys = { save: () => 'whatever' } as never;
  await producer.publish('orders', created('at once'), { manager: anybodys });
  await producer.publish('orders', created('late', { delay: '15m' }), { manager: anybodys });
  await producer.publish('orders', created('tonight', { delay: '2h' }), { manager: anybodys });
  await mq.settled();
  expect(seen).toEqual(['at once 1']);
  await mq.advance('14m');
  expect(seen).toEqual(['at once 1']);
  await mq.advance('1m');
  expect(seen).toEqual(['at once 1', 'late 1']);
  await mq.advance('2h');
  expect(seen.at(-1)).toBe('tonight 1');
  const reserved = mq.published<string>('orders').filter(({ tag }) => tag === 'reserved');
  expect(reserved.map(({ payload }) => payload)).toEqual(['at once reserved', 'late reserved', 'tonight reserved']);
});

it('tries again when its time has come, and says that the clock stands still until then', async () => {
  const { app, mq, seen } = await boot();
  await app.get(MqProducerService).publish('orders', created('fails'), { transaction: 'own' });
  await expect(mq.settled()).rejects.toMatchObject({
    code: 'MQ_TEST_TIMEOUT',
    message: expect.stringMatching(/advance\(\) moves it.*[^]+orders\/stock.* in 60 s/),
  });
  await mq.advance('1m');
  expect(seen).toEqual(['fails 1', 'fails 2']);
  expect(mq.published('orders').map(({ payload }) => payload)).toEqual(['fails']);
  await mq.advance('10m');
  expect(seen).toHaveLength(3);
  await mq.settled();
  expect(mq.published('orders').at(-1)).toMatchObject({ payload: 'fails reserved' });
});

it('has the breaks of a broker and its relay on the same clock', async () => {
  const { app, mq, seen } = await boot({ reproduce: { backoff: { base: '30s', cap: '1m' } } });
  mq.failNext('send', { error: 'unknown', times: 2 });
  await app.get(MqProducerService).publish('orders', created('sent late'), { transaction: 'own' });
  await mq.waitFor('message.rescheduled');
  expect(seen).toEqual([]);
  await mq.advance('5m');
  expect(seen).toEqual(['sent late 1']);
  expect(await app.get(ReproduceService).runOnce()).toMatchObject({ claimed: 0 });
});

it('knows transactions: what is rolled back was never published, and publishing without one is refused', async () => {
  const { app, mq, seen } = await boot();
  const producer = app.get(MqProducerService);
  const rolledBack = mq.transaction(async (manager) => {
    await producer.publish('orders', created('never'), { manager });
    throw new Error('changed my mind');
  });
  await expect(rolledBack).rejects.toThrow('changed my mind');
  const publication = await mq.transaction(async (manager) => {
    const published = await producer.publish('orders', created('committed'), { manager });
    await mq.advance('10s');
    expect(seen).toEqual([]);
    return published;
  });
  expect(await publication.sent()).toMatchObject([{ status: 'sent' }]);
  await mq.settled();
  expect(seen).toEqual(['committed 1']);
  await expect(producer.publish('orders', created('lost'))).rejects.toMatchObject({ code: 'MQ_TRANSACTION_REQUIRED' });
});

it('takes what modules bring with MqModule.forFeature()', async () => {
  const mails = MqModule.forFeature({ topics: { mails: { topic: 'shop_mails' } } });
  const app = await Test.createTestingModule({ imports: [MqTestingModule.forRoot(), mails] }).compile();
  apps.push(app);
  expect(MqTesting.of(app).published('mails')).toEqual([]);
  expect(() => MqTesting.of(app).published('mail')).toThrow("Did you mean 'mails'?");
});

it('gives handlers the manager of the test, or one that says that there is none', async () => {
  const { mq } = await boot();
  expect(await mq.deliver('orders', 'stock', created('writes'))).toMatchObject({
    outcome: 'failed',
    retryInMs: 60_000,
    error: { code: 'MQ_TEST_MISUSE', message: expect.stringContaining('forRoot({ manager })') },
  });
  const query = jest.fn();
  const { mq: other } = await boot({ manager: { query } });
  const result = await other.deliver('orders', 'stock', created('writes'), { attempt: 2 });
  expect(result).toMatchObject({ outcome: 'handled', published: [{ payload: 'writes reserved' }] });
  expect(query).toHaveBeenCalledWith('SELECT 1');
});

it('says what memory cannot do, and what it can', async () => {
  const { app, mq } = await boot({ now: new Date(Date.UTC(2031, 5, 1)) });
  const admin = app.get(MqAdminService);
  const asked = [admin.find(), admin.counts(), admin.explain('x'), admin.actions(), admin.errorGroups()];
  for (const answer of await Promise.allSettled(asked)) {
    expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'MQ_TEST_MISUSE' } });
  }
  await expect((async () => admin.doctor())()).rejects.toMatchObject({ code: 'MQ_TEST_MISUSE' });
  expect(await admin.health()).toMatchObject({ status: 'up' });
  await app.get(MqProducerService).publish('orders', created('dated', { delay: '1h' }), { transaction: 'own' });
  expect(mq.published('orders')[0]!.deliverAt).toEqual(new Date(Date.UTC(2031, 5, 1, 1)));
  await expect(
    Test.createTestingModule({ imports: [MqTestingModule.forRoot({ topics: 7 as never })] }).compile(),
  ).rejects.toMatchObject({
    code: 'MQ_CONFIG_INVALID',
  });
});

describe('a test that forgets to close its application', () => {
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

  it('ends all the same', async () => {
    const { code, stdout } = await Program.run(join(__dirname, 'support/forgotten-close-program.mjs'), {});
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'over' });
  });
});
