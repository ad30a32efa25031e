import 'reflect-metadata';
import { MqProducerService, MqEvents, MqAdminService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator, type Emulator, type Fault } from 'nestjs-reliable-mq-emulator';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';
import { OWN, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const TOPICS = {
  open: { topic: 'open' },
  secret: { topic: 'secret' },
  other: { topic: 'other' },
};

describeDatabases('what a broker refuses without saying whose fault it is', (db) => {
  const tables = new Tables(db);
  let emulator: Emulator;
  beforeAll(async () => (emulator = await startEmulator()));
  afterAll(() => emulator.close());
  // Applications first, then the faults that they still meet.
  closeAfterEach();
  afterEach(() => emulator.clearFaults());

  const boot = async () => {
    const transport = aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'test', accessKeySecret: 'test' });
    const app = await bootMq(db, { transport, topics: TOPICS, reproduce: { idle: '100ms' } }, {});
    const mq = app.get(MqProducerService);
    const events = app.get(MqEvents);
    const send = async (topic: string, payload: unknown = topic) =>
      (await (await mq.publish(topic, { payload }, OWN)).sent({ timeout: '30s' }))[0]!.status;
    const opened = told({ events }, 'circuit.opened');
    const scopes = () => opened.map(({ scope }) => scope);
    return { app, mq, send, scopes, events };
  };
  const answering = (topic: string, status: number, code: string, headers: object = {}): Fault => ({
    operation: 'publish',
    topic,
    effect: {
      status,
      body: `<Error xmlns="http://mq.aliyuncs.com/doc/v1"><Code>${code}</Code><Message>no</Message><RequestId>1</RequestId><HostId>h</HostId></Error>`,
      headers: { 'Content-Type': 'text/xml', ...headers },
    },
  });
  const statuses = async () => (await tables.statuses()).map(({ status }) => status);

  it('costs one topic without permission, and none of the others a moment', async () => {
    emulator.setFaults([answering('secret', 403, 'AccessDenied')]);
    const { app, mq, send, scopes } = await boot();
    expect(await send('secret')).toBe('pending');
    for (let n = 0; n < 100; n++) await mq.publish('secret', { payload: n }, OWN);
    // Each by itself at once: were the connection stopped, it would be pending until a probe gets through.
    for (let n = 0; n < 50; n++) expect(await send('open', n)).toBe('sent');
    expect(scopes()).toEqual(['topic secret']);
    expect((await app.get(MqAdminService).health()).reasons).toEqual([expect.stringContaining('secret')]);
    emulator.clearFaults();
    await eventuallyPasses(async () => expect(new Set(await statuses())).toEqual(new Set(['SENT'])));
    expect((await tables.statuses()).some(({ failed_count }) => Number(failed_count) > 0)).toBe(false);
  });

  it('is taken for the credentials when a second topic is denied, until the first message gets through', async () => {
    emulator.setFaults([answering('secret', 403, 'AccessDenied'), answering('other', 403, 'AccessDenied')]);
    const { mq, send, scopes, events } = await boot();
    const closed = told({ events }, 'circuit.closed');
    for (const topic of ['secret', 'other']) expect(await send(topic)).toBe('pending');
    expect(scopes()).toEqual(['topic secret', 'topic other', 'connection']);
    for (let n = 0; n < 50; n++) await mq.publish('secret', { payload: n }, OWN);
    // Behind fifty rows that are older and due: the probe is one that nothing is said against.
    await mq.publish('open', { payload: 1 }, OWN);
    await eventually(() => closed.some(({ scope }) => scope === 'connection'), { what: 'the connection being closed' });
    for (let n = 0; n < 20; n++) expect(await send('open', n)).toBe('sent');
    expect(scopes()).toEqual(['topic secret', 'topic other', 'connection']);
  });

  it.each(['InvalidArgument', 'NotSupport'])('parks no stream because of its topic (%s)', async (code) => {
    emulator.setFaults([answering('secret', 400, code)]);
    const { mq, send, scopes } = await boot();
    for (let n = 0; n < 30; n++) await mq.publish('secret', { payload: n }, OWN);
    const refused = () => Number(emulator.state().requests.publish?.['400'] ?? 0);
    const before = refused();
    // Several probes, each with another message.
    await eventually(() => refused() >= before + 4, { what: 'probes' });
    expect(await statuses()).not.toContain('DEAD');
    expect(scopes()).toEqual(['topic secret']);
    expect(await send('open')).toBe('sent');
    emulator.clearFaults();
    await eventuallyPasses(async () => expect(new Set(await statuses())).toEqual(new Set(['SENT'])));
  });

  it('and asks to wait for an age: the wait is minutes, also in the database', async () => {
    emulator.setFaults([answering('secret', 429, 'TooManyRequests', { 'Retry-After': '999999999999' })]);
    const { send } = await boot();
    expect(await send('secret')).toBe('pending');
    const [row] = await tables.statuses();
    const inMs = Number(row!.due_at) - Date.now();
    expect(inMs).toBeGreaterThan(60_000);
    expect(inMs).toBeLessThan(400_000);
  });
});
