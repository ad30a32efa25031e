import { type Emulator, startEmulator } from 'nestjs-reliable-mq-emulator';
import { useTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeRocketmq, useRocketmq } from '../support/rocketmq/use-rocketmq.js';
import { readPage } from '../support/pages.js';
import { ReadmeApplication } from './support/readme-application.js';

describe('the application of the README', () => {
  const db = useTestDatabase();
  let emulator: Emulator;
  let app: ReadmeApplication;
  let listeners: number;

  beforeAll(async () => {
    emulator = await startEmulator({ port: 0 });
    Object.assign(process.env, {
      MQ_ENDPOINT: emulator.endpoint,
      MQ_ACCESS_KEY_ID: 'test',
      MQ_ACCESS_KEY_SECRET: 'test',
    });
    listeners = process.listenerCount('SIGTERM');
    app = await ReadmeApplication.start(db);
  });

  afterAll(async () => {
    await app?.stop();
    await emulator?.close();
  });

  it('hears when its process shall end', () => {
    expect(process.listenerCount('SIGTERM')).toBeGreaterThan(listeners);
  });

  const storedAtBroker = (): number | undefined =>
    emulator.state().instances['MQ_INST_1']?.topics['shop_orders']?.stored;

  it('sends what commits, and handles it', async () => {
    const id = await app.order(2);
    await eventually(async () => (await app.onHand()) === 8, { what: 'the stock of the order' });
    expect(await db.query('SELECT status, msg_key FROM mq_status_log')).toEqual([{ status: 'SENT', msg_key: id }]);
    expect(await db.query('SELECT state FROM mq_inbox')).toEqual([{ state: 'HANDLED' }]);
    expect(storedAtBroker()).toBe(1);
  });

  it('sends nothing of what rolls back', async () => {
    // A constraint that fails at COMMIT only, when the message is in the outbox already.
    await db.query('ALTER TABLE orders ADD CONSTRAINT few UNIQUE (quantity) DEFERRABLE INITIALLY DEFERRED');
    await expect(app.place(2)).rejects.toThrow(/duplicate key/);
    await app.place(3);
    await eventually(async () => (await app.onHand()) === 5, { what: 'the stock of the order after it' });
    expect(storedAtBroker()).toBe(2);
  });

  it('parks at once what does not fit the class of the parameter', async () => {
    const key = await app.place(-1);
    const parked = await eventually(
      async () => (await db.query('SELECT msg_key, error_code, message, attempt FROM mq_error_log WHERE parked'))[0],
      { what: 'the parked message' },
    );
    expect(parked).toEqual({
      msg_key: key,
      error_code: 'MQ_PAYLOAD_INVALID',
      message: expect.stringContaining('quantity must be a positive number') as string,
      attempt: 1,
    });
    expect(await app.onHand()).toBe(5);
  });
});

describeRocketmq('the application of the README with the transport for RocketMQ 5', () => {
  const broker = useRocketmq();
  const db = useTestDatabase();
  let app: ReadmeApplication;

  beforeAll(async () => {
    await broker.admin.createTopic({ name: 'shop_orders' });
    await broker.admin.createGroup({ name: 'GID_stock' });
    process.env['MQ_ENDPOINT'] = broker.endpoint;
    app = await ReadmeApplication.start(db, withRocketmq);
  });

  afterAll(async () => {
    await app?.stop();
    // The topic stays: specs of the shop that run beside have it, too.
    await broker.admin.deleteGroup('GID_stock');
  });

  it('sends what commits, and handles it', async () => {
    const id = await app.place(2);
    await eventually(async () => (await app.onHand()) === 8, { what: 'the stock of the order' });
    expect(await db.query('SELECT status, msg_key FROM mq_status_log')).toEqual([{ status: 'SENT', msg_key: id }]);
  });
});

/** `app.module.ts` with the block of the README that begins like the part of it that it replaces. */
function withRocketmq(appModule: string): string {
  const { code } = readPage('README.md').fences.find((fence) => fence.code.startsWith('MqModule.forRoot({'))!;
  const changed = appModule
    .replace(/^import .*aliyun-http';$/m, `import { rocketmq } from 'nestjs-reliable-mq/rocketmq';`)
    .replace(/MqModule\.forRoot\(\{[^]*?\n {4}\}\)/, () => code.replace(/;$/, ''));
  expect(changed).not.toContain('aliyun');
  return changed;
}
