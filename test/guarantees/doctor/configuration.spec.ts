import 'reflect-metadata';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { closeAfterEach } from '../../support/mq-app.js';
import { useTestDatabase } from '../../support/database.js';
import { consumer } from '../../support/node/consumer.js';
import { bootNode } from '../../support/node/node.js';
import { codesOf, examine, only } from './support/examine.js';

const OFFLINE = { offline: true };
const HANDLERS = [consumer('orders', 'stock', () => undefined)];

describe('the doctor and the configuration', () => {
  const db = useTestDatabase();
  closeAfterEach();

  it('finds that the inbox forgets before the broker gives up', async () => {
    const node = await bootNode(db, { handlers: HANDLERS, retention: { inbox: '23h' } });
    const report = await examine(node, OFFLINE);
    expect(codesOf(report)).toEqual(['retention-below-redelivery']);
    expect(only(report, 'retention-below-redelivery').evidence).toEqual({
      inboxHours: 23,
      redeliveryHours: 24.1,
      deliveries: 289,
      subscriptions: ['orders/stock'],
    });
    // Just above what the broker may take.
    const sound = await bootNode(db, { handlers: HANDLERS, retention: { inbox: '25h' } });
    expect((await examine(sound, OFFLINE)).findings).toEqual([]);
  });

  it('counts the deliveries and waits of a broker that is told when to deliver again', async () => {
    const node = await bootNode(db, { profile: 'rich', handlers: HANDLERS, retention: { inbox: '1h' } });
    const { evidence } = only(await examine(node, OFFLINE), 'retention-below-redelivery');
    expect(evidence).toMatchObject({ deliveries: 17, redeliveryHours: 3.1 });
  });

  it('finds a lease that makes what a killed process had begun wait', async () => {
    const node = await bootNode(db, { groups: {}, reproduce: { lease: '1h' } });
    const report = await examine(node, OFFLINE);
    expect(codesOf(report)).toEqual(['lease-too-long']);
    expect(only(report, 'lease-too-long').evidence).toEqual({ leaseMs: 3_600_000 });
  });

  it('finds that a message is sent again while its handler may still run', async () => {
    const node = await bootNode(db, {
      topics: { orders: { topic: 'shop_orders', settleOn: { group: 'stock', within: '10s' } } },
      handlers: HANDLERS,
    });
    const report = await examine(node, OFFLINE);
    expect(codesOf(report)).toEqual(['settle-within-too-short']);
    expect(only(report, 'settle-within-too-short').todo).toContain(`within: '300s'`);
  });

  it('finds that messages go unencrypted', async () => {
    const transport = aliyunHttp({
      endpoint: 'http://mq.invalid',
      accessKeyId: 'id',
      accessKeySecret: 'secret-of-the-test',
    });
    const node = await bootNode(db, { groups: {}, transport });
    const report = await examine(node, OFFLINE);
    expect(codesOf(report)).toEqual(['transport-insecure']);
    expect(JSON.stringify(report)).not.toContain('secret-of-the-test');
  });

  it.each([{ timeout: 'soon' }, { openTransaction: -1 }])('refuses options that are none: %p', async (options) => {
    const node = await bootNode(db, { groups: {} });
    await expect(examine(node, options)).rejects.toMatchObject({ code: 'MQ_CONFIG_INVALID' });
  });
});
