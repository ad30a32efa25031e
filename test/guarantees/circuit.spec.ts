import 'reflect-metadata';
import { MqAdminService, type MqAlert } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { HeldProbe } from './support/held-probe.js';
import { RecordingLogger } from '../support/outbox/recording-logger.js';
import { bootNode, type Node, type NodeSetup, OWN, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('an outage', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let alerts: MqAlert[];
  beforeEach(() => (alerts = []));

  const boot = (more: NodeSetup = {}): Promise<Node> =>
    bootNode(db, {
      topics: { orders: { topic: 'shop_orders' }, missing: { topic: 'shop_missing' } },
      onAlert: (alert) => void alerts.push(alert),
      ...more,
    });
  const allSent = (): Promise<void> =>
    eventuallyPasses(async () => {
      const rows = await tables.statuses();
      expect(rows.map(({ status }) => status)).toEqual(rows.map(() => 'SENT'));
    });

  it('of a topic that is missing stops that topic, and no other', async () => {
    const node = await boot();
    let missing = true;
    const send = node.transport.send.bind(node.transport);
    const probe = new HeldProbe();
    jest.spyOn(node.transport, 'send').mockImplementation(async (message, signal) => {
      if (message.topic === 'shop_missing' && missing)
        await probe.fail(new TransportError('not-found', 'TopicNotExist'), signal);
      return send(message, signal);
    });
    const opened = told(node, 'circuit.opened');
    await (await node.mq.publish('missing', { payload: 'first' }, OWN)).sent();
    await probe.onTheWire();
    for (let n = 0; n < 20; n++) await node.mq.publish('missing', { payload: n }, OWN);
    expect(await (await node.mq.publish('orders', { payload: 'goes' }, OWN)).sent()).toMatchObject([
      { status: 'sent' },
    ]);
    expect(opened).toMatchObject([{ scope: 'topic shop_missing' }]);
    // The first and its probe, and not one for each message.
    expect(probe.sends).toBe(2);
    expect((await node.app.get(MqAdminService).health()).status).toBe('degraded');
    missing = false;
    probe.end();
    await allSent();
    expect((await tables.statuses()).every(({ failed_count }) => failed_count === 0)).toBe(true);
    expect(await tables.errors()).toHaveLength(1);
  });

  it('of many topics is told in as many statements as of one', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const logger = new RecordingLogger();
    const node = await boot({
      role: 'api',
      topics: Object.fromEntries(names.map((name) => [name, { topic: `shop_${name}` }])),
      dataSourceOptions: { logger, logging: true },
    });
    for (const name of names) {
      await node.mq.publish(name, { payload: 1, delay: '400d' }, OWN);
      const error = { code: 'MQ_BROKER_REJECTED', message: 'TopicNotExist' } as const;
      node.events.emit('circuit.opened', { scope: `topic shop_${name}`, error });
    }
    const before = logger.statements.length;
    const { causes } = await node.app.get(MqAdminService).health();
    expect(causes.map(({ code, waiting }) => [code, waiting])).toEqual(names.map(() => ['topic', 1]));
    const asked = logger.statements.slice(before).filter(({ sql }) => !sql.includes('mq_node'));
    expect(asked.length).toBeLessThanOrEqual(names.length);
  });

  it('that shows in unknown outcomes of several messages gives their attempts back', async () => {
    const node = await boot({ reproduce: { maxAttempts: 6, idle: '100ms', backoff: { base: '10m', cap: '10m' } } });
    const opened = told(node, 'circuit.opened');
    node.broker.failNextSends(new TransportError('unknown', 'reset'), { times: Number.POSITIVE_INFINITY });
    for (let n = 0; n < 5; n++) await (await node.mq.publish('orders', { payload: n }, OWN)).sent();
    await eventually(() => opened.length === 1, { what: 'the connection being opened' });
    expect(opened).toMatchObject([{ scope: 'connection' }]);
    await eventuallyPasses(async () => {
      const rows = await tables.statuses();
      expect(rows.map(({ failed_count }) => Number(failed_count))).toEqual([0, 0, 0, 0, 0]);
    });
  });

  it('gives them back to one that is on the wire again when that shows', async () => {
    const node = await boot({ reproduce: { maxAttempts: 6, idle: '50ms', backoff: { base: 1, cap: 1 } } });
    const opened = told(node, 'circuit.opened');
    const first = new HeldProbe();
    jest.spyOn(node.transport, 'send').mockImplementation(async (message, signal) => {
      const error = new TransportError('unknown', 'reset');
      if (message.body === '"first"') return first.fail(error, signal);
      throw error;
    });
    await node.mq.publish('orders', { payload: 'first' }, OWN);
    await first.onTheWire();
    for (let n = 0; n < 4; n++) await (await node.mq.publish('orders', { payload: n }, OWN)).sent();
    await eventually(() => opened.length === 1, { what: 'the connection being opened' });
    const counts = async (): Promise<unknown[]> =>
      (await tables.statuses()).map(({ failed_count, started_count }) => [Number(failed_count), Number(started_count)]);
    await eventuallyPasses(async () => expect((await counts())[0]).toEqual([0, 1]));
    expect((await tables.statuses())[0]).toMatchObject({ status: 'SENDING' });
    first.end();
    await eventuallyPasses(async () => expect(await counts()).toEqual(Array(5).fill([0, 0])));
  });

  it('of one message alone stops nothing: it is that message which no proxy lets through', async () => {
    const node = await boot({ reproduce: { maxAttempts: 7, idle: '50ms', backoff: { base: 1, cap: 1 } } });
    const send = node.transport.send.bind(node.transport);
    jest.spyOn(node.transport, 'send').mockImplementation(async (message, signal) => {
      if (message.body === '"poison"') throw new TransportError('unknown', 'reset');
      return send(message, signal);
    });
    const opened = told(node, 'circuit.opened');
    await node.mq.publish('orders', { payload: 'poison' }, OWN);
    await eventually(async () => (await tables.statuses()).some(({ status }) => status === 'DEAD'));
    expect(opened).toEqual([]);
    expect(await (await node.mq.publish('orders', { payload: 'fine' }, OWN)).sent()).toMatchObject([
      { status: 'sent' },
    ]);
  });

  it('is none when one message is refused and the topic takes others: then that one is parked', async () => {
    const node = await boot();
    const send = node.transport.send.bind(node.transport);
    jest.spyOn(node.transport, 'send').mockImplementation(async (message, signal) => {
      if (message.body === '"poison"') throw new TransportError('refused', 'InvalidArgument');
      return send(message, signal);
    });
    const poison = await node.mq.publish('orders', { payload: 'poison' }, OWN);
    expect(await poison.sent()).toMatchObject([{ status: 'pending' }]);
    expect((await tables.statuses()).map(({ status }) => status)).not.toContain('DEAD');
    await node.mq.publish('orders', { payload: 'fine' }, OWN);
    await eventuallyPasses(async () => {
      const rows = await tables.statuses();
      expect(rows.map(({ status }) => status)).toEqual(['DEAD', 'SENT']);
    });
    expect((await tables.errors()).find(({ parked }) => parked)).toMatchObject({ error_code: 'MQ_BROKER_REJECTED' });
  });

  it('of the transport itself parks no message, and says where it failed', async () => {
    const node = await boot();
    const opened = told(node, 'circuit.opened');
    const bug = new TypeError('client.dispatch is not a function');
    node.broker.failNextSends(
      new TransportError('defect', 'the request failed by itself (at send.ts:1:1)', { cause: bug }),
      {
        times: Number.POSITIVE_INFINITY,
      },
    );
    const sent = await (await node.mq.publish('orders', { payload: 1 }, OWN)).sent();
    expect(sent).toMatchObject([{ status: 'pending', error: { code: 'MQ_TRANSPORT_DEFECT', cause: { cause: bug } } }]);
    expect(opened).toMatchObject([
      { scope: 'topic shop_orders', error: { message: expect.stringContaining('(at send.ts:1:1)') as string } },
    ]);
    await eventually(() => alerts.length > 0);
    expect(alerts).toMatchObject([{ kind: 'outage', message: expect.stringContaining('(at send.ts:1:1)') as string }]);
    expect(await tables.statuses()).toMatchObject([{ status: 'PENDING', failed_count: 0 }]);
    node.broker.heal();
    await allSent();
  });

  it('is one error row and one alert, costs no attempt, and is over when a probe finds its end', async () => {
    // A message that backed off by itself would be back long after the test.
    const node = await boot({ reproduce: { idle: '100ms', backoff: { base: '10m', cap: '10m' } } });
    const send = node.transport.send.bind(node.transport);
    const probe = new HeldProbe();
    const outage = jest
      .spyOn(node.transport, 'send')
      .mockImplementation((_, signal) => probe.fail(new TransportError('unavailable', 'down'), signal));
    const first = await node.mq.publish('orders', { payload: 'first' }, OWN);
    expect(await first.sent()).toMatchObject([{ status: 'pending' }]);
    await probe.onTheWire();
    for (let n = 0; n < 50; n++) await node.mq.publish('orders', { payload: n }, OWN);
    // Born while nothing goes: pending, without a lease that somebody would have to give back.
    const born = (await tables.statuses()).slice(1);
    expect(born.map(({ status, lease_token }) => [status, lease_token])).toEqual(Array(50).fill(['PENDING', null]));
    expect(await tables.errors()).toMatchObject([{ error_code: 'MQ_BROKER_UNAVAILABLE', message_id: null }]);
    expect((await node.app.get(MqAdminService).health()).status).toBe('degraded');

    outage.mockImplementation(send);
    probe.end();
    await allSent();
    expect(node.broker.sent).toHaveLength(51);
    expect((await tables.statuses()).every(({ failed_count }) => failed_count === 0)).toBe(true);
    expect((await node.app.get(MqAdminService).health()).status).toBe('up');

    // The same cause again, within `alertEvery`: written down, and nobody woken.
    const opened = told(node, 'circuit.opened');
    node.broker.goDown();
    await (await node.mq.publish('orders', { payload: 'again' }, OWN)).sent();
    expect(opened).toHaveLength(1);
    await eventuallyPasses(async () => expect(await tables.errors()).toHaveLength(2));
    expect(alerts).toMatchObject([{ kind: 'outage', code: 'MQ_BROKER_UNAVAILABLE', suppressed: 0 }]);
    node.broker.heal();
    await allSent();
  });

  it('is alerted again after `alertEvery`, with what was held back', async () => {
    const node = await boot({ alertEvery: '5s' });
    let parked = 0;
    const until = performance.now() + 60_000;
    // As many as it takes: on a busy machine each takes its time.
    while (alerts.length < 2 && performance.now() < until) {
      node.broker.failNextSends(new TransportError('invalid', 'refused'));
      await (await node.mq.publish('orders', { payload: 1 }, OWN)).sent();
      parked++;
    }
    expect(parked).toBeGreaterThan(2);
    expect(alerts).toMatchObject([
      { kind: 'message.parked', topic: 'orders', suppressed: 0 },
      { kind: 'message.parked', topic: 'orders', suppressed: parked - 2 },
    ]);
  });
});
