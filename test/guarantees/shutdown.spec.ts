import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { MqConsumerService } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { busyConnections, describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, OWN, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('an application that ends', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  it('takes nothing new, finishes what it has, sends what that publishes, and leases nothing', async () => {
    const working = gate();
    const nodes: Node[] = [];
    const follow = consumer('orders', 'stock', async (message, context) => {
      working.reach();
      await working.pass;
      await tables.effect(context, message);
      await nodes[0]!.mq.publish('done', { payload: message.id });
    });
    const lines: string[] = [];
    const note = (line: unknown): void => void lines.push(String(line));
    const node = await bootNode(db, {
      topics: { orders: { topic: 'shop_orders' }, done: { topic: 'shop_done' } },
      groups: { stock: { groupId: 'GID_stock', concurrency: 1 } },
      handlers: [follow],
      log: { logger: { log: note, warn: note, error: note } },
    });
    nodes.push(node);
    const stopped = told(node, 'consumer.stopped');
    const first = await publishOne(node, 1);
    await working.reached;
    // In flight at the broker when the end begins.
    const send = node.transport.send.bind(node.transport);
    const wire = gate();
    jest.spyOn(node.transport, 'send').mockImplementationOnce(async (message, signal) => {
      wire.reach();
      await wire.pass;
      return send(message, signal);
    });
    const second = await node.mq.publish('orders', { payload: 2 }, OWN);
    await wire.reached;

    const closed = node.app.close();
    await eventually(() => stopped.length === 1, { what: 'the intake being stopped' });
    expect(node.dataSource.isInitialized).toBe(true);
    expect(await tables.effects()).toEqual([]);
    const [waits] = lines.filter((line) => line.includes('stopping'));
    expect(waits).toContain(`1 delivery (orders/stock#${first}) and 1 message on the wire (${second.messages[0]!.id})`);
    working.open();
    wire.open();
    await closed;

    expect(await tables.effects()).toEqual([first]);
    // The second one was sent, and is another instance's to handle.
    expect(pending(node.broker)).toBe(1);
    expect(node.broker.sent.map(({ topic }) => topic).toSorted()).toEqual(['shop_done', 'shop_orders', 'shop_orders']);
    const rows = await tables.statuses();
    expect(rows.map(({ status, lease_token }) => [status, lease_token])).toEqual(rows.map(() => ['SENT', null]));
    expect(rows).toHaveLength(3);
    expect(lines.at(-1)).toContain('everything has stopped');
    expect(node.dataSource.isInitialized).toBe(false);
    expect(busyConnections(node.dataSource)).toBe(0);
  });

  it('gives back what it cannot send in time, and the next instance sends and handles it', async () => {
    const node = await bootNode(db, { shutdown: { drain: '300ms' } });
    node.broker.pause();
    const publications = await Promise.all([1, 2, 3].map((n) => node.mq.publish('orders', { payload: n }, OWN)));
    await node.app.close();
    const rows = await tables.statuses();
    expect(rows.map(({ status, lease_token, failed_count }) => [status, lease_token, failed_count])).toEqual(
      rows.map(() => ['PENDING', null, 0]),
    );
    node.broker.resume();
    const handlers = [consumer('orders', 'stock', (message, context) => tables.effect(context, message))];
    await bootNode(db, { broker: node.broker, handlers });
    const ids = publications.map(({ messages }) => messages[0]!.id);
    await eventually(async () => (await tables.effects()).length === 3);
    expect(await tables.effects()).toEqual(ids.toSorted());
  });

  it('waits no longer than that for what its relay has on the wire either', async () => {
    const node = await bootNode(db, { shutdown: { drain: '300ms' } });
    const wire = gate();
    jest
      .spyOn(node.transport, 'send')
      .mockRejectedValueOnce(new TransportError('unknown', 'reset'))
      .mockImplementation(async (_message, signal) => {
        wire.reach();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        throw new TransportError('aborted', 'given up');
      });
    await node.mq.publish('orders', { payload: 1 }, OWN);
    await wire.reached;
    await node.app.close();
    const rows = await tables.statuses();
    expect(rows.map(({ status, lease_token }) => [status, lease_token])).toContainEqual(['PENDING', null]);
    expect(rows.every(({ lease_token }) => lease_token === null)).toBe(true);
  });

  it('lets a second instance take over, without a message that is lost or handled twice', async () => {
    const handlers = [consumer('orders', 'stock', (message, context) => tables.effect(context, message))];
    const first = await bootNode(db, { handlers });
    const second = await bootNode(db, { handlers, broker: first.broker });
    const ids: string[] = [];
    let closed: Promise<void> | undefined;
    for (let n = 0; n < 40; n++) {
      const publication = await (n < 20 ? first : second).mq.publish('orders', { payload: n }, OWN);
      ids.push(publication.messages[0]!.id);
      if (n === 19) closed = first.app.close();
    }
    await closed;
    // What the first one had and gave up, and with it what the second one is working on.
    leasesEnd(first.broker);
    await eventually(async () => (await tables.effects()).length >= 40 && pending(first.broker) === 0);
    expect(await tables.effects()).toEqual(ids.toSorted());
  });
});

describeDatabases('what a role starts', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  const started = async (role: string): Promise<{ consumes: boolean; relays: boolean; publishes: boolean }> => {
    const node = await bootNode(db, { role, handlers: [consumer('orders', 'stock', () => undefined)] });
    const id = await publishOne(node);
    const publishes = node.broker.sent.some(({ properties }) => properties['mq-id'] === id);
    // Due, and nobody's.
    await db.query("UPDATE mq_status_log SET status = 'PENDING', due_at = 1, done_at = NULL, broker_message_id = NULL");
    const registry = node.app.get(MqConsumerService).handlers();
    expect(registry).toHaveLength(1);
    const relays = role.includes('relay') || role === 'all';
    if (relays) await eventually(() => node.broker.sent.length === 2, { what: `role ${role} relaying` });
    const consumes = role.includes('worker') || role === 'all';
    if (consumes) await eventually(() => pending(node.broker) === 0, { what: `role ${role} consuming` });
    // Several polls of a relay, had it been started.
    const until = performance.now() + 400;
    await eventually(() => performance.now() > until);
    const found = {
      publishes,
      consumes: pending(node.broker) === 0,
      relays: node.broker.sent.length === 2,
    };
    await node.app.close();
    await db.query('DELETE FROM mq_status_log');
    return found;
  };

  it.each([
    ['api', { publishes: true, consumes: false, relays: false }],
    ['worker', { publishes: true, consumes: true, relays: false }],
    ['relay', { publishes: true, consumes: false, relays: true }],
    ['worker,relay', { publishes: true, consumes: true, relays: true }],
    ['all', { publishes: true, consumes: true, relays: true }],
  ])('%s', async (role, expected) => {
    expect(await started(role)).toEqual(expected);
    expect(await tables.statuses()).toEqual([]);
  });
});

describeDatabases("the application's scheduler", (db) => {
  closeAfterEach();

  it('shows the relay by its name, also where ScheduleModule was imported twice, and forgets it at the end', async () => {
    @Module({ imports: [ScheduleModule.forRoot()] })
    class Reports {}
    const node = await bootNode(db, { imports: [ScheduleModule.forRoot(), Reports] });
    // Whichever of them a class of the application is given.
    const registries = node.app.get(SchedulerRegistry, { strict: false, each: true });
    expect(registries.length).toBeGreaterThan(1);
    const shown = (): boolean[] => registries.map((registry) => registry.doesExist('interval', 'mq:reproduce'));
    expect(shown()).toEqual(registries.map(() => true));
    await node.app.close();
    expect(shown()).toEqual(registries.map(() => false));
  });

  it('shows nothing where no relay runs', async () => {
    const node = await bootNode(db, { role: 'api', imports: [ScheduleModule.forRoot()] });
    expect(node.app.get(SchedulerRegistry, { strict: false }).getIntervals()).toEqual([]);
  });
});
