import 'reflect-metadata';
import { MqAdminService, type MqModuleOptions } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { startEmulator } from 'nestjs-reliable-mq-emulator';
import type { TestingModule } from '@nestjs/testing';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';
import { ScriptedProxy } from '../support/rocketmq/scripted-proxy.js';
import { consumer } from '../support/node/consumer.js';
import { Tables } from '../support/node/tables.js';

/** A JPEG begins like this: no UTF-8, and destroyed by whoever decodes it as such. */
const JPEG = Buffer.from('ffd8ffe000104a46494600', 'hex');
const GBK = Buffer.from([0xc4, 0xe3, 0xba, 0xc3]);
const asBytes = {
  encode: String,
  decode: String,
  decodeBytes: (body: Uint8Array) => Buffer.from(body).toString('hex'),
};

describeDatabases('a body that another kind of producer wrote', (db) => {
  const tables = new Tables(db);
  const ends: (() => Promise<unknown>)[] = [];
  // Applications first, then what they talk to.
  closeAfterEach();
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  const handled: unknown[] = [];
  beforeEach(() => void handled.splice(0));
  const boot = (transport: MqModuleOptions['transport'], topic: object = {}): Promise<TestingModule> =>
    bootMq(
      db,
      {
        transport,
        topics: { photos: { topic: 'photos', ...topic } },
        groups: { stock: { groupId: 'GID_stock' } },
        reproduce: { idle: '100ms' },
      },
      { providers: [consumer('photos', 'stock', ({ payload }) => void handled.push(payload))] },
    );
  const parked = async (count: number) => {
    await eventually(async () => (await tables.errors()).length === count, { what: `${count} parked` });
    return tables.errors();
  };

  it('over gRPC is parked with its bytes, and a replay sends them again to a codec that reads them', async () => {
    const proxy = await ScriptedProxy.start();
    ends.push(() => proxy.stop());
    proxy.topic('photos');
    proxy.store.put({
      topic: { name: 'photos' },
      body: JPEG,
      systemProperties: { keys: ['key-1'], messageId: 'ID-1' },
    });
    const first = await boot(rocketmq({ endpoints: proxy.endpoint }));
    expect(await parked(1)).toMatchObject([
      { error_code: 'MQ_PAYLOAD_INVALID', payload: JPEG.toString('base64'), payload_encoding: 'base64' },
    ]);
    await first.close();

    const second = await boot(rocketmq({ endpoints: proxy.endpoint }), { codec: asBytes });
    const admin = second.get(MqAdminService);
    const [record] = await admin.find({ status: 'PARKED' });
    expect(await admin.replay([record!.id], { reason: 'a codec that reads it' })).toMatchObject([
      { outcome: 'replayed' },
    ]);
    await eventuallyPasses(async () => expect(handled).toEqual([JPEG.toString('hex')]));
    const [sent] = proxy.seen('sendMessage').map(({ request }) => request as { messages: { body: Buffer }[] });
    expect(sent!.messages[0]!.body).toEqual(JPEG);
  });

  it('over HTTP is parked with its bytes, holds up nothing behind it, and is not replayed: HTTP carries texts', async () => {
    const emulator = await startEmulator();
    ends.push(() => emulator.close());
    const properties = { __SHARDINGKEY: 'k' };
    for (const body of [GBK, 'a\0b', '"after"']) await emulator.put({ topic: 'photos', body, properties });
    const transport = aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'test', accessKeySecret: 'test' });
    const app = await boot(transport, { ordered: true });
    await eventuallyPasses(async () => expect(handled).toEqual(['after']));
    const rows = await parked(2);
    const bytes = rows.map(({ payload, payload_encoding }) => Buffer.from(payload!, payload_encoding as 'base64'));
    expect(bytes).toEqual([GBK, Buffer.from('a\0b')]);

    const admin = app.get(MqAdminService);
    const ids = rows.map(({ id }) => id);
    expect(await admin.replay(ids, { reason: 'try' })).toEqual([
      {
        id: ids[0],
        outcome: 'not-replayable',
        problem: 'body is no UTF-8 text, and this protocol carries nothing else',
      },
      { id: ids[1], outcome: 'not-replayable', problem: expect.stringContaining('U+0000') as string },
    ]);
    expect(await admin.find({ status: 'PARKED' })).toHaveLength(2);
    expect(await tables.statuses()).toEqual([]);
  });
});
