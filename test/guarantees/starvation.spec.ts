import 'reflect-metadata';
import { type MqAlert, MqAdminService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator } from 'nestjs-reliable-mq-emulator';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, leasesEnd, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('a message that no handler ever sees', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  it('because the broker leases for less time than an attempt needs: told once, with the arithmetic', async () => {
    const emulator = await startEmulator({ invisible: '12s' });
    try {
      const { endpoint } = emulator;
      const alerts: MqAlert[] = [];
      const warnings: string[] = [];
      const handled: string[] = [];
      const node = await bootNode(db, {
        transport: aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' }),
        handlers: [consumer('orders', 'stock', ({ id }) => void handled.push(id))],
        consume: { timeout: '30s' },
        onAlert: (alert) => void alerts.push(alert),
        log: { logger: { log: () => {}, warn: (line) => warnings.push(String(line)), error: () => {} } },
      });
      const short = told(node, 'lease.short');
      const released = told(node, 'delivery.released');
      await publishOne(node);
      await publishOne(node);
      await eventually(() => released.length >= 2, { what: 'both being left to the broker' });
      expect(short).toEqual([expect.objectContaining({ group: 'stock', timeoutMs: 30_000, neededMs: 40_000 })]);
      const sentence = /^orders\/stock: no handler runs.*an attempt needs 40000 ms/;
      expect(await node.app.get(MqAdminService).health()).toMatchObject({
        status: 'degraded',
        reasons: [expect.stringMatching(sentence)],
        causes: [{ code: 'lease-short', severity: 'degraded' }],
      });
      expect(warnings.filter((line) => sentence.test(line))).toHaveLength(1);
      await eventually(() => alerts.some(({ kind }) => kind === 'lease.short'), { what: 'the alert' });
      expect(handled).toEqual([]);
      await node.app.close();
    } finally {
      await emulator.close();
    }
  });

  it('because it can be parked nowhere: told at the third delivery, until that is mended', async () => {
    const node = await bootNode(db, { handlers: [consumer('orders', 'stock', () => undefined)] });
    const starved = told(node, 'delivery.starved');
    const released = told(node, 'delivery.released');
    const admin = node.app.get(MqAdminService);
    await db.query('ALTER TABLE mq_inbox RENAME TO away');
    const base = {
      topic: 'shop_orders',
      instanceId: null,
      key: 'k',
      deliverAt: null,
      orderingKey: null,
      properties: {},
    };
    await node.transport.send({ ...base, tag: null, body: 'no JSON' }, new AbortController().signal);
    for (let delivery = 1; delivery <= 3; delivery++) {
      await eventually(() => released.length === delivery, { what: `delivery ${delivery} being left` });
      expect(starved).toHaveLength(delivery < 3 ? 0 : 1);
      if (delivery < 3) leasesEnd(node.broker);
    }
    expect(starved).toMatchObject([{ topic: 'orders', group: 'stock', times: 3, reason: 'database' }]);
    // Whether the missing table is told of besides, as a database that turns deliveries away, is a matter of the moment.
    const { status, reasons } = await admin.health();
    expect(status).not.toBe('up');
    expect(reasons).toContainEqual(expect.stringMatching(/^orders\/stock: 1 message was delivered 3 times or more/));
    await db.query('ALTER TABLE away RENAME TO mq_inbox');
    leasesEnd(node.broker);
    await eventually(() => pending(node.broker) === 0, { what: 'the message being parked' });
    expect(await tables.errors()).toMatchObject([{ error_code: 'MQ_PAYLOAD_INVALID' }]);
    await eventuallyPasses(async () =>
      expect(await admin.health()).toEqual({ status: 'up', reasons: [], causes: [], notes: [] }),
    );
  });
});
