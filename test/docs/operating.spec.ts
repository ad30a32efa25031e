import 'reflect-metadata';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { MqAdminService, type Publication } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../support/built.js';
import { useTestDatabase } from '../support/database.js';
import { EmulatorProgram } from '../support/emulator-program.js';
import { eventually } from '../support/eventually.js';
import { bootNode, type Node, OWN, publishOne } from '../support/node/node.js';
import { Program } from '../support/program.js';
import { Sessions, shapeOf, wordsOf } from './support/sessions.js';

const APPLICATION = join(__dirname, 'support/operated-application.mjs');
const MANY = 300;
/** What is left then is what a program says besides its data. */
const TO_NOWHERE = ' > /dev/null';
const UUID = /^[\da-f]{8}-[\da-f-]{27}$/;

/**
 * Brings an application into each situation of the guide, runs the commands that stand there, and compares what they print with what
 * the guide shows, but for numbers, times and ids. With UPDATE_DOCS=1 it writes into the guide what they print.
 */
describe('docs/guides/operating.md', () => {
  const db = useTestDatabase();
  const sessions = new Sessions('docs/guides/operating.md');
  let emulator: EmulatorProgram;
  /** A process that publishes, and does nothing else. */
  let api: Node;
  let worker: Program;
  let env: Record<string, string>;

  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  beforeAll(async () => {
    emulator = await startEmulator();
    env = { ...emulator.env, DATABASE_URL: db.url, MQ_APP: APPLICATION };
    await db.query('CREATE TABLE broken (sku text)');
    const endpoint = emulator.endpoint;
    api = await bootNode(db, {
      transport: aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' }),
      topics: { orders: { topic: 'shop_orders' }, shipments: { topic: 'shop_shipments', ordered: true } },
      groups: { stock: { groupId: 'GID_stock' }, mail: { groupId: 'GID_mail' } },
      role: 'api',
    });
    ({ program: worker } = await Program.start(BUILT.mq, { args: ['work'], env, ready: /./ }));
    await eventually(async () => (await admin().nodes()).some(({ state }) => state.groups.length === 2), {
      what: 'the worker polling',
    });
  });
  afterAll(async () => {
    await api.app.close();
    if (process.env['UPDATE_DOCS']) sessions.write();
  });

  const startEmulator = (port = 0): Promise<EmulatorProgram> =>
    EmulatorProgram.start({ port, args: ['--start-from', 'beginning'] });
  const admin = (): MqAdminService => api.app.get(MqAdminService);
  const order = (key: string, sku = 'tea', more: object = {}): Promise<Publication> =>
    api.mq.publish('orders', { key, payload: { sku }, ...more }, OWN);
  const untilIs = (key: string, state: string): Promise<unknown> =>
    eventually(async () => (await admin().explain(key)).every((each) => each.state === state), {
      what: `${key} being ${state}`,
      timeoutMs: 40_000,
    });

  /**
   * Runs what stands under a heading.
   * @param codes exit codes of the commands that do not end with 0, by their first words
   * @param mend what the reader does before a replay
   * @param ids what the ids in the commands stand for
   */
  const check = async (
    heading: string,
    {
      codes = {},
      mend,
      ids = [],
    }: { codes?: Record<string, number>; mend?: () => Promise<unknown>; ids?: string[] } = {},
  ): Promise<void> => {
    let i = 0;
    for (const shown of sessions.under(heading)) {
      const [, ...words] = wordsOf(shown.command.replace(TO_NOWHERE, ''));
      if (words[0] === 'errors' && words[1] === 'replay') await mend?.();
      const args = words.map((word) => (UUID.test(word) ? ids[i++]! : word));
      const { code, output, stdout } = await Program.run(BUILT.mq, { args, env });
      const { command } = shown;
      const expected = Object.entries(codes).find(([begin]) => command.startsWith(`mq ${begin}`))?.[1] ?? 0;
      expect({ command, code, output }).toEqual({ command, code: expected, output });
      const said = shown.command.endsWith(TO_NOWHERE)
        ? output.split('\n').filter((line) => !stdout.split('\n').includes(line))
        : [output];
      const printed = said
        .join('\n')
        .replaceAll(`${userInfo().username}@${hostname()}`, 'ann@shop-1')
        .replaceAll(hostname(), 'shop-1');
      if (process.env['UPDATE_DOCS']) shown.output = printed;
      else expect({ command, shape: shapeOf(printed) }).toEqual({ command, shape: shapeOf(shown.output) });
    }
  };

  it('before going live, and when all is well', async () => {
    await Promise.all(['A-1', 'A-2', 'A-3'].map((key) => order(key)));
    for (const key of ['A-1', 'A-2', 'A-3']) await untilIs(key, 'handled');
    await check('Before you go live');
    await check('Is all well?');
  });

  it('when the broker is away, and when it is there again', async () => {
    await emulator.kill();
    for (const key of ['A-1001', 'A-1002', 'A-1003']) await order(key);
    await untilIs('A-1001', 'broker-away');
    await check('Messages pile up');
    await check('The broker is away', { codes: { doctor: 2 } });
    emulator = await startEmulator(emulator.port);
    await untilIs('A-1001', 'handled');
    await check('One message is stuck');
  });

  it('when messages were parked', async () => {
    await db.query(`INSERT INTO broken VALUES ('jam')`);
    await order('A-1004', 'jam');
    await untilIs('A-1004', 'parked');
    // Its replay is handled: the cause is mended between the commands.
    await check('A message was parked', { mend: () => db.query('DELETE FROM broken') });
    await db.query(`INSERT INTO broken VALUES ('cups')`);
    const many = Array.from({ length: MANY }, (_, i) => ({
      topic: 'orders',
      key: `A-${2_000 + i}`,
      payload: { sku: 'cups' },
    }));
    await api.mq.publishAll(many, OWN);
    await eventually(async () => (await admin().counts()).parkedDeliveries === MANY, {
      what: 'all being parked',
      timeoutMs: 60_000,
    });
    await check('In cron and in CI', { codes: { status: 2 } });
    await db.query('DELETE FROM broken');
    await check('Hundreds were parked after a bad deploy');
  });

  it('when a key is blocked', async () => {
    const refusal = {
      status: 400,
      body: '<Error><Code>MalformedXML</Code><Message>no</Message></Error>',
      headers: { 'content-type': 'text/xml' },
    };
    await emulator.setFaults([{ operation: 'publish', topic: 'shop_shipments', times: 1, effect: refusal }]);
    const shipments = ['S-1', 'S-2', 'S-3'].map((key) => ({
      topic: 'shipments',
      key,
      orderingKey: 'order 7',
      payload: {},
    }));
    await api.mq.publishAll(shipments, OWN);
    await untilIs('S-2', 'blocked-by-dead');
    await check('A key is blocked');
    await untilIs('S-3', 'sent');
  });

  it('when a group has to wait', () => check('A group has to wait'));

  it('when the wrong messages wait', async () => {
    const later = { tag: 'reminder', delay: '60d' };
    await order('A-3001', 'tea', later);
    await order('A-3002', 'tea', later);
    const [second, first] = await admin().find({ tag: 'reminder' });
    await check('The wrong messages wait', { ids: [first!.id, second!.id] });
  });

  it('when tables are shared', async () => {
    const other = await bootNode(db, { topics: { orders: { topic: 'shop_orders' } }, role: 'api' });
    await publishOne(other);
    await check('The database was restored or cloned, or tables are shared', { codes: { doctor: 2 } });
    await other.app.close();
    await db.query('DELETE FROM mq_status_log WHERE broker = $1', [other.transport.identity]);
  });

  it('when a process is told to end, and then nobody consumes', async () => {
    await worker.stop();
    const [{ output } = { output: '' }] = sessions.under('Deploying and draining');
    const said = worker.output.map(shapeOf).join('\n');
    for (const line of output.split('\n')) expect(said).toContain(shapeOf(line));
    await (await order('A-4001')).sent();
    await check('Nobody consumes a group', { codes: { doctor: 2 } });
  });
});
