import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  MqConsumer,
  type MqLogLine,
  type MqLogger,
  type MqModuleOptions,
  MqProducerService,
  type Publication,
} from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { describeDatabases, useTestDatabase } from '../support/database.js';
import { EmulatorProgram } from '../support/emulator-program.js';
import { eventually } from '../support/eventually.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';

const GROUPS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** A line a minute is due, and the next one is not. */
const LONGER_THAN_A_MINUTE_MS = 65_000;

const handlers = GROUPS.map((group) => {
  @MqConsumer('orders', group)
  class Handler {
    handle(): void {}
  }
  return Handler;
});

function setup(): { options: Omit<MqModuleOptions, 'transport'>; lines: MqLogLine[] } {
  const lines: MqLogLine[] = [];
  const note = (line: unknown): void => void lines.push(line as MqLogLine);
  // What follows single messages is `debug`: whether a copy comes after an outage is a matter of luck.
  const logger: MqLogger = { log: note, warn: note, error: note };
  const groups = Object.fromEntries(GROUPS.map((group) => [group, { groupId: `GID_${group}` }]));
  const options = { topics: { orders: { topic: 'shop_orders' } }, groups, log: { logger }, role: 'all' };
  return { options, lines };
}

const names = (lines: readonly MqLogLine[]): string[] => lines.map(({ event }) => event);

closeAfterEach();

describe('a broker that is away for a minute, with eight groups', () => {
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  const db = useTestDatabase();

  it('is one line when it begins, one a minute with how many messages wait, and one when it is over', async () => {
    let emulator = await EmulatorProgram.start();
    const { port, endpoint } = emulator;
    const { options, lines } = setup();
    const transport = aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' });
    const app = await bootMq(db, { transport, ...options }, { providers: handlers });
    const mq = app.get(MqProducerService);
    const publish = (): Promise<Publication> => mq.publish('orders', { payload: 1 }, { transaction: 'own' });
    await (await publish()).sent();
    const before = lines.length;
    await emulator.kill();
    for (let i = 0; i < 5; i++) await publish();
    await sleep(LONGER_THAN_A_MINUTE_MS);
    emulator = await EmulatorProgram.start({ port });
    try {
      await eventually(() => names(lines).includes('outage.ended'), { what: 'the end of it', timeoutMs: 60_000 });
      const told = lines.slice(before);
      expect(names(told)).toEqual(['outage.began', 'outage.goes-on', 'outage.ended']);
      expect(told[1]).toMatchObject({ code: 'MQ_BROKER_UNAVAILABLE', waiting: 5 });
      expect(String(told[1])).toMatch(/5 messages in the outbox, the polls of 8 groups fail/);
      expect(String(told[2])).toMatch(/can be used again, after \d+ s; 5 messages left since/);
    } finally {
      await app.close();
      await emulator.stop();
    }
  });
});

describeDatabases('a database that breaks every connection for some seconds, with eight groups', (db) => {
  it('is one line when it begins, and one when it is over', async () => {
    const proxy = await FreezableProxy.start(new URL(db.url));
    const { options, lines } = setup();
    const transport = memoryTransport({ profile: 'http' });
    const app = await bootMq(db, { transport, ...options }, { providers: handlers }, { url: proxy.url });
    try {
      const mq = app.get(MqProducerService);
      const publish = (): Promise<unknown> => mq.publish('orders', { payload: 1 }, { transaction: 'own' });
      for (let i = 0; i < 3; i++) await publish();
      const before = lines.length;
      proxy.cut();
      const message = {
        topic: 'shop_orders',
        instanceId: null,
        tag: null,
        key: 'k',
        deliverAt: null,
        orderingKey: null,
      };
      for (let i = 0; i < 5; i++)
        await transport.send({ ...message, body: '1', properties: {} }, new AbortController().signal);
      await eventually(() => names(lines).includes('outage.began'), { what: 'its beginning' });
      await sleep(8_000);
      proxy.restore();
      await eventually(() => names(lines).includes('outage.ended'), { what: 'the end of it', timeoutMs: 60_000 });
      expect(names(lines.slice(before))).toEqual(['outage.began', 'outage.ended']);
    } finally {
      await app.close();
      await proxy.close();
    }
  });
});
