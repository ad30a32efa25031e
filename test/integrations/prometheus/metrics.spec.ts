import 'reflect-metadata';
import { PermanentError } from 'nestjs-reliable-mq';
import { MqPrometheusModule } from 'nestjs-reliable-mq/prometheus';
import { Registry } from 'prom-client';
import { describeDatabases, type TestDatabase } from '../../support/database.js';
import { eventually, eventuallyPasses } from '../../support/eventually.js';
import { FreezableProxy } from '../../support/freezable-proxy.js';
import { closeAfterEach } from '../../support/mq-app.js';
import { consumer, type Handle } from '../../support/node/consumer.js';
import { bootNode, type Node, type NodeSetup, OWN, publishOne } from '../../support/node/node.js';

interface Monitored extends Node {
  readonly registry: Registry;
  /** The value of a series; `undefined` if there is none. */
  value(name: string, labels?: Record<string, string>): Promise<number | undefined>;
}

async function bootMonitored(db: TestDatabase, work: Handle, setup: NodeSetup = {}): Promise<Monitored> {
  const registry = new Registry();
  const metrics = MqPrometheusModule.forRoot({ registry, every: '1s' });
  const node = await bootNode(db, { handlers: [consumer('orders', 'stock', work)], ...setup, imports: [metrics] });
  const value: Monitored['value'] = async (name, labels = {}) => {
    const series = await registry.getMetricsAsJSON();
    const values = series.flatMap((metric) =>
      (metric.values as Value[]).filter((one) => (one.metricName ?? metric.name) === name),
    );
    return values.find((one) => Object.entries(labels).every(([label, text]) => String(one.labels[label]) === text))
      ?.value;
  };
  return { ...node, registry, value };
}

interface Value {
  readonly metricName?: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

const ORDERS = { connection: 'default', topic: 'orders' };
const STOCK = { ...ORDERS, group: 'stock' };

describeDatabases('metrics', (db) => {
  closeAfterEach();

  it('count and time what happens, from 0 on', async () => {
    const node = await bootMonitored(db, ({ payload }) => {
      if (payload === 'bad') throw new PermanentError('no such sku');
    });
    for (const result of ['ok', 'retry', 'unknown', 'dead'])
      expect(await node.value('mq_outbox_sent_total', { ...ORDERS, result })).toBe(0);
    await eventually(async () => (await node.value('mq_inbox_processed_total', { ...STOCK, result: 'ok' })) === 0);

    await publishOne(node, 'good');
    await publishOne(node, 'bad');
    const counts = async (name: string, labels: Record<string, string>): Promise<void> =>
      expect([name, labels, await node.value(name, labels)]).toEqual([name, labels, 1]);
    await eventuallyPasses(async () => {
      await counts('mq_inbox_processed_total', { ...STOCK, result: 'ok' });
      await counts('mq_inbox_processed_total', { ...STOCK, result: 'error' });
      await counts('mq_handler_duration_seconds_count', STOCK);
      await counts('mq_end_to_end_seconds_count', STOCK);
    });
    for (const name of [
      'mq_outbox_published_total',
      'mq_outbox_send_duration_seconds_count',
      'mq_outbox_delivery_seconds_count',
    ])
      expect([name, await node.value(name, ORDERS)]).toEqual([name, 2]);
    expect(await node.value('mq_end_to_end_seconds_sum', STOCK)).toBeLessThan(60);
    expect(await node.value('mq_outbox_sent_total', { ...ORDERS, result: 'ok' })).toBe(2);
  });

  it('say by why a copy came', async () => {
    const node = await bootMonitored(db, () => undefined);
    const id = await publishOne(node);
    await eventually(async () => (await node.value('mq_inbox_processed_total', { ...STOCK, result: 'ok' })) === 1);
    await node.transport.send(
      {
        topic: 'shop_orders',
        instanceId: null,
        tag: null,
        key: id,
        body: '"work"',
        properties: { 'mq-id': id },
        deliverAt: null,
        orderingKey: null,
      },
      new AbortController().signal,
    );
    await eventually(async () => (await node.value('mq_duplicate_sends_total', { reason: 'sent-twice' })) === 1);
    expect(await node.value('mq_duplicate_sends_total', { reason: 'redelivered' })).toBe(0);
    expect(await node.value('mq_inbox_processed_total', { ...STOCK, result: 'duplicate' })).toBe(1);
  });

  it('tell what is in the tables, by the clock of the database', async () => {
    await db.query('DELETE FROM mq_error_log');
    const node = await bootMonitored(db, () => {
      throw new PermanentError('no such sku');
    });
    await publishOne(node);
    await node.mq.publish('orders', { payload: 'later', delay: '2h' }, OWN);
    await eventuallyPasses(async () => {
      expect(await node.value('mq_errors_open', { group: 'stock', class: 'PermanentError' })).toBe(1);
      expect(await node.value('mq_outbox_oldest_age_seconds', ORDERS)).toBe(0);
      expect(await node.value('mq_outbox_messages', { ...ORDERS, state: 'dead' })).toBe(0);
      expect(Math.abs((await node.value('mq_db_clock_offset_seconds'))!)).toBeLessThan(2);
      expect(await node.value('mq_node_heartbeat_timestamp_seconds')).toBeGreaterThan(1.7e9);
    });
    // What no process sends, since ours knows no such broker, is told of all the same.
    const born = (ms: number): string =>
      db.family === 'PostgreSQL'
        ? `(extract(epoch FROM now()) * 1000)::bigint - ${ms}`
        : `ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) - ${ms}`;
    await db.query(`INSERT INTO mq_status_log (id, status, connection, broker, topic_alias, topic, msg_key, max_attempts, due_at, created_at, updated_at,
        payload, payload_bytes) VALUES ('stuck', 'PENDING', 'default', 'gone', 'orders', 'shop_orders', 'k', 1, ${born(60_000)}, ${born(90_000)}, 0, '1', 1)`);
    await eventuallyPasses(async () => {
      expect(await node.value('mq_outbox_messages', { ...ORDERS, state: 'pending' })).toBeGreaterThanOrEqual(1);
      expect(await node.value('mq_outbox_oldest_age_seconds', ORDERS)).toBeGreaterThanOrEqual(90);
    });
    await db.query(`DELETE FROM mq_status_log WHERE id = 'stuck'`);
  });

  it('never have an id, a key, a payload or a text of an error as a label', async () => {
    const secret = 'sesame-4711';
    const node = await bootMonitored(
      db,
      () => {
        throw Object.assign(new Error(secret), { name: `Card ${secret}`, retryable: false });
      },
      { groups: { stock: { groupId: 'GID_stock', maxAttempts: 1 } } },
    );
    const { messages } = await node.mq.publish('orders', { payload: secret, key: secret, tag: secret }, OWN);
    await eventually(async () => (await node.value('mq_errors_open', { group: 'stock', class: '_other' })) ?? 0);
    const text = await node.registry.metrics();
    for (const hidden of [secret, messages[0]!.id]) expect(text).not.toContain(hidden);
  });

  it('tell how busy groups are, and who reads for them', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const node = await bootMonitored(db, () => opened, {
      groups: { stock: { groupId: 'GID_stock', concurrency: 3, timeout: '20s' }, audit: { groupId: 'GID_audit' } },
      role: 'worker',
    });
    await publishOne(node);
    await eventually(async () => (await node.value('mq_inflight', { group: 'stock' })) === 1);
    expect(await node.value('mq_concurrency_limit', { group: 'stock' })).toBe(3);
    expect(await node.value('mq_handler_timeout_seconds', { group: 'stock' })).toBe(20);
    expect(await node.value('mq_group_consumers', { group: 'stock' })).toBe(1);
    expect(await node.value('mq_group_consumers', { group: 'audit' })).toBe(0);
    expect(await node.value('mq_node_info', { role: 'worker' })).toBe(1);
    expect(await node.value('mq_node_info', { role: 'relay' })).toBeUndefined();
    open();
  });

  it('are told at once while the database does not answer, as far as they are known', async () => {
    const proxy = await FreezableProxy.start(new URL(db.url));
    const node = await bootMonitored(db, () => undefined, { dataSourceOptions: { url: proxy.url } });
    await publishOne(node);
    await eventually(async () => (await node.value('mq_outbox_messages', { ...ORDERS, state: 'pending' })) === 0);
    proxy.freeze();
    const startedAt = performance.now();
    expect(await node.value('mq_outbox_sent_total', { ...ORDERS, result: 'ok' })).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    // What nobody can know any more is not told.
    await eventually(async () => (await node.value('mq_outbox_messages', ORDERS)) === undefined);
    expect(await node.value('mq_outbox_published_total', ORDERS)).toBe(1);
    proxy.thaw();
    await eventually(async () => (await node.value('mq_outbox_messages', { ...ORDERS, state: 'pending' })) === 0);
    await node.app.close();
    await proxy.close();
  });

  it('ask the tables only where somebody scrapes, and leave that to others at the end', async () => {
    const node = await bootMonitored(db, () => undefined);
    const [before] = await db.query<{ owner: string | null }>('SELECT owner FROM mq_duty');
    expect(before!.owner).toBeNull();
    await node.registry.metrics();
    await eventually(
      async () => (await db.query<{ owner: string | null }>('SELECT owner FROM mq_duty'))[0]!.owner !== null,
    );
    await node.app.close();
    const [after] = await db.query<{ owner: string | null }>('SELECT owner FROM mq_duty');
    expect(after!.owner).toBeNull();
  });

  it('refuse a second exporter of one connection in one registry, and options that nobody knows', async () => {
    const registry = new Registry();
    const twice = [MqPrometheusModule.forRoot({ registry }), MqPrometheusModule.forRoot({ registry, every: '20s' })];
    await expect(bootNode(db, { imports: twice })).rejects.toMatchObject({ code: 'MQ_CONFIG_INVALID' });
    expect(() => MqPrometheusModule.forRoot({ prefix: '4711', every: '10ms', evry: 1 } as object)).toThrow(
      /evry: unknown option[\s\S]*prefix:[\s\S]*every:/,
    );
  });
});
