import 'reflect-metadata';
import { aliyunHttp, type AliyunHttpOptions } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { type Emulator, type EmulatorConfig, startEmulator } from 'nestjs-reliable-mq-emulator';
import { closeAfterEach } from '../../support/mq-app.js';
import { useTestDatabase } from '../../support/database.js';
import { consumer } from '../../support/node/consumer.js';
import { type Node, type NodeSetup, OWN } from '../../support/node/node.js';
import { ScriptedProxy } from '../../support/rocketmq/scripted-proxy.js';
import { bootQuiet } from './support/boot-quiet.js';
import { codesOf, examine, only } from './support/examine.js';

const HANDLERS = [consumer('orders', 'stock', () => undefined)];
/** Knows its handlers, and runs none of them. */
const QUIET = { groups: { stock: { groupId: 'GID_stock' } }, handlers: HANDLERS };

describe('the doctor and a broker over HTTP', () => {
  const db = useTestDatabase();
  closeAfterEach();
  let emulator: Emulator;
  afterEach(() => emulator.close());

  const declared = (topics: readonly string[], groups: string[]): EmulatorConfig => ({
    instances: {
      I: { topics: Object.fromEntries(topics.map((topic) => [topic, { type: 'normal' as const }])), groups },
    },
  });

  async function boot(config: EmulatorConfig, more: Partial<AliyunHttpOptions> = {}): Promise<Node> {
    emulator = await startEmulator({ config, accessKeyId: 'test', accessKeySecret: 'test' });
    const { endpoint } = emulator;
    const keys = { accessKeyId: 'test', accessKeySecret: 'test' };
    return bootQuiet(db, {
      ...QUIET,
      transport: aliyunHttp({ endpoint, instanceId: 'I', ...keys, ...more } as AliyunHttpOptions),
    });
  }

  it('finds nothing where topic and group are there, and says what cannot be asked', async () => {
    const node = await boot(declared(['shop_orders'], ['GID_stock']));
    const report = await examine(node);
    expect(report.findings).toEqual([]);
    expect(report.notChecked.map(({ why }) => why)).toEqual([
      expect.stringContaining('which type of messages a topic takes'),
      expect.stringContaining('how often the broker delivers'),
    ]);
  });

  it.each([
    ['a topic that is missing', declared(['other'], ['GID_stock']), 'topic-missing', 'shop_orders'],
    ['a group that is missing', declared(['shop_orders'], ['GID_other']), 'group-missing', 'GID_stock'],
  ] as const)('finds %s', async (_what, config, code, name) => {
    const report = await examine(await boot(config));
    expect(codesOf(report)).toEqual([code]);
    expect(only(report, code).todo).toContain(name);
  });

  it('finds that a topic that is only written to is missing', async () => {
    emulator = await startEmulator({ config: declared(['other'], []) });
    const transport = aliyunHttp({
      endpoint: emulator.endpoint,
      instanceId: 'I',
      accessKeyId: 'test',
      accessKeySecret: 'test',
    });
    const report = await examine(await bootQuiet(db, { transport }));
    expect(codesOf(report)).toEqual(['topic-missing']);
  });

  it('finds wrong credentials, and does not print them', async () => {
    const node = await boot(declared(['shop_orders'], ['GID_stock']), { accessKeySecret: 'Wr0ngSecret' });
    const report = await examine(node);
    expect(codesOf(report)).toEqual(['broker-refuses']);
    expect(only(report, 'broker-refuses').evidence['brokerCode']).toBe('SignatureDoesNotMatch');
    expect(JSON.stringify(report)).not.toContain('Wr0ngSecret');
  });

  it('finds that nobody is there, and has looked at everything else', async () => {
    const node = await boot(declared(['shop_orders'], ['GID_stock']));
    await emulator.close();
    const report = await examine(node);
    expect(codesOf(report)).toEqual(['broker-unreachable']);
    expect(report.checked).toContain('indexes');
  });

  it('finds a broker that takes connections and says nothing', async () => {
    const node = await boot(declared(['shop_orders'], ['GID_stock']));
    emulator.setFaults([{ operation: 'ack', effect: 'hang' }]);
    const report = await examine(node, { timeout: '1s' });
    expect(codesOf(report)).toEqual(['broker-unreachable']);
  });
});

describe('the doctor and RocketMQ 5', () => {
  const db = useTestDatabase();
  closeAfterEach();
  let proxy: ScriptedProxy;
  beforeEach(async () => (proxy = await ScriptedProxy.start()));
  afterEach(() => proxy.stop());

  const boot = (setup: NodeSetup = {}): Promise<Node> =>
    bootQuiet(db, { ...QUIET, transport: rocketmq({ endpoints: proxy.endpoint }), ...setup });
  const ordered = { topics: { orders: { topic: 'shop_orders', ordered: true } } };
  /** What the server says of the group. */
  const groupIs = (facts: { maxAttempts?: number; fifo?: boolean }): void => {
    proxy.script.telemetry = ({ settings }, stream) => {
      if (!settings) return;
      const { maxAttempts = 17, fifo = false } = facts;
      stream.write({
        status: { code: 'OK', message: 'ok' },
        settings: {
          ...settings,
          backoffPolicy: { maxAttempts },
          ...(settings.subscription && { subscription: { ...settings.subscription, fifo } }),
        },
      });
    };
  };

  it('finds nothing where topic and group are as they should be, and takes nothing', async () => {
    proxy.topic('shop_orders', { types: ['NORMAL'] });
    groupIs({});
    const report = await examine(await boot());
    expect(report.findings).toEqual([]);
    expect(report.notChecked).toEqual([]);
    expect(proxy.seen('receiveMessage')).toEqual([]);
    expect(proxy.seen('sendMessage')).toEqual([]);
  });

  it('finds that an ordered topic is of another type', async () => {
    proxy.topic('shop_orders', { types: ['NORMAL'] });
    groupIs({ fifo: true });
    const report = await examine(await boot(ordered));
    expect(codesOf(report)).toEqual(['topic-type']);
    expect(only(report, 'topic-type').evidence).toMatchObject({ takes: ['normal'], needs: 'ordered' });
  });

  it('finds that a topic of another type is not ordered here', async () => {
    proxy.topic('shop_orders', { types: ['FIFO'] });
    groupIs({});
    expect(only(await examine(await boot()), 'topic-type').severity).toBe('warning');
  });

  it('finds delayed messages for a topic that takes none', async () => {
    proxy.topic('shop_orders', { types: ['NORMAL'] });
    groupIs({});
    const node = await boot();
    await node.mq.publish('orders', { payload: 'later', delay: '1h' }, OWN);
    await db.query(`UPDATE mq_status_log SET due_at = 4000000000000 WHERE due_at IS NOT NULL`);
    const report = await examine(node);
    expect(codesOf(report)).toContain('topic-type');
    expect(only(report, 'topic-type')).toMatchObject({ severity: 'error', evidence: { delayed: 1 } });
    await db.query('DELETE FROM mq_status_log');
  });

  it('finds that the group was not made for order, and gives up before its attempts are over', async () => {
    proxy.topic('shop_orders', { types: ['FIFO'] });
    groupIs({ maxAttempts: 4 });
    const report = await examine(await boot(ordered));
    expect(codesOf(report)).toEqual(['group-gives-up-early', 'group-not-ordered']);
    expect(only(report, 'group-gives-up-early').todo).toContain('maxAttempts: 3');
  });

  it('finds a topic and a group that are missing', async () => {
    expect(codesOf(await examine(await boot()))).toEqual(['topic-missing']);
    proxy.topic('shop_orders', { types: ['NORMAL'] });
    proxy.script.telemetry = ({ settings }, stream) => {
      if (settings) stream.fail(3, 'group not found: GID_stock');
    };
    expect(codesOf(await examine(await boot()))).toEqual(['group-missing']);
  });

  it('finds that a right is missing', async () => {
    proxy.script.queryRoute = () => ({
      status: { code: 'UNAUTHORIZED', message: 'User has no permission to access Topic:shop_orders' },
    });
    expect(codesOf(await examine(await boot()))).toEqual(['topic-forbidden']);
    proxy.topic('shop_orders', { types: ['NORMAL'] });
  });
});
