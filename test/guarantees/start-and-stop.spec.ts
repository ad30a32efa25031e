import 'reflect-metadata';
import { ModulesContainer } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken } from '@nestjs/typeorm';
import {
  getMqEventsToken,
  getMqProducerToken,
  MqConsumerService,
  MqModule,
  type MqProducerService,
  MqConsumer,
  ReproduceService,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { busyConnections, describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { bootMq, closeAfterEach, closeApps, typeOrm } from '../support/mq-app.js';
import { consumer, gate } from '../support/node/consumer.js';
import { bootNode, type Node, OWN, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('calls of start and stop', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  /** Makes a row due that only a relay sends. Answers whether that was done. */
  const makeDue = async (node: Node): Promise<() => boolean> => {
    const before = node.broker.sent.length;
    await db.query("UPDATE mq_status_log SET status = 'PENDING', due_at = 1, done_at = NULL, broker_message_id = NULL");
    return () => node.broker.sent.length > before;
  };
  const relays = async (node: Node): Promise<void> => {
    await eventually(await makeDue(node), { what: 'the relay running' });
  };

  it('of the relay, in one turn: the last one decides', async () => {
    const node = await bootNode(db);
    const service = node.app.get(ReproduceService);
    await publishOne(node);
    const stopped = service.stop();
    service.start();
    await stopped;
    await relays(node);

    service.start();
    const last = service.stop();
    service.start();
    await last;
    await relays(node);

    void service.stop();
    service.start();
    await service.stop();
    const sent = await makeDue(node);
    // Several polls of a relay, were it running.
    const until = performance.now() + 600;
    await eventually(() => performance.now() > until);
    expect(sent()).toBe(false);
  });

  it('of the consumers, in one turn: the last one decides', async () => {
    const node = await bootNode(db, {
      handlers: [consumer('orders', 'stock', (message, context) => tables.effect(context, message))],
    });
    const started = told(node, 'consumer.started');
    const stopped = told(node, 'consumer.stopped');
    const service = node.app.get(MqConsumerService);
    await Promise.all([service.stop(), service.start()]);
    await publishOne(node);
    await eventuallyPasses(async () => expect(await tables.effects()).toHaveLength(1));
    expect([started.length, stopped.length]).toEqual([1, 1]);

    await Promise.all([service.stop(), service.start(), service.stop()]);
    expect(stopped).toHaveLength(started.length + 1);
    await Promise.all([service.start(), service.stop()]);
    expect(stopped).toHaveLength(started.length + 1);
    await publishOne(node);
    expect(pending(node.broker)).toBe(1);

    await service.start();
    await eventuallyPasses(async () => expect(await tables.effects()).toHaveLength(2));
  });

  it('come too late for an application that is closing', async () => {
    const node = await bootNode(db, { handlers: [consumer('orders', 'stock', () => undefined)] });
    const started = told(node, 'consumer.started');
    const service = node.app.get(MqConsumerService);
    const closed = node.app.close();
    await service.start();
    node.app.get(ReproduceService).start();
    await closed;
    await service.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual([]);
  });
});

describeDatabases('an application that is closed while it boots', (db) => {
  closeAfterEach();

  const booting = async (): Promise<{
    app: Awaited<ReturnType<ReturnType<typeof Test.createTestingModule>['compile']>>;
    connecting: ReturnType<typeof gate>;
    receive: jest.SpyInstance;
  }> => {
    const connecting = gate();
    const transport = memoryTransport({ profile: 'http' });
    jest.spyOn(transport, 'connect').mockImplementation(async () => {
      connecting.reach();
      await connecting.pass;
    });
    const receive = jest.spyOn(transport, 'subscribe');
    const options = {
      transport,
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock' } },
      migrate: true,
      log: { logger: { log: () => {}, warn: () => {}, error: () => {} } },
    };
    const app = await closeApps.add(
      Test.createTestingModule({
        imports: [typeOrm(db), MqModule.forRoot(options)],
        providers: [consumer('orders', 'stock', () => undefined)],
      }).compile(),
    );
    return { app, connecting, receive };
  };

  it('starts nothing after that', async () => {
    const { app, connecting, receive } = await booting();
    await callHooks(app, 'onModuleInit');
    const boot = callHooks(app, 'onApplicationBootstrap');
    await connecting.reached;
    // Nest 12 waits for the boot before it calls these, Nest 11 does not.
    await callHooks(app, 'onModuleDestroy');
    const drained = callHooks(app, 'beforeApplicationShutdown');
    connecting.open();
    await Promise.all([boot, drained]);
    await callHooks(app, 'onApplicationShutdown');
    expect(receive).not.toHaveBeenCalled();
    expect(busyConnections(app.get(getDataSourceToken()))).toBe(0);
  });

  it('waits for a transport that never connects no longer than its bound', async () => {
    const { app, connecting } = await booting();
    const boot = app.init();
    await connecting.reached;
    await app.close();
    await boot;
    expect(app.get(getDataSourceToken()).isInitialized).toBe(false);
  });
});

/** Calls a hook of all providers, as Nest does, but at the moment that a test wants. */
async function callHooks(app: TestingModule, hook: string): Promise<void> {
  const providers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.providers.values()]);
  const instances = new Set(providers.map(({ instance }) => instance as Record<string, unknown> | null | undefined));
  const hooked = [...instances].filter((instance) => typeof instance?.[hook] === 'function');
  await Promise.all(hooked.map((instance) => (instance as Record<string, () => unknown>)[hook]!()));
}

describeDatabases('several connections of one application', (db) => {
  closeAfterEach();

  it('are drained side by side, in whatever order Nest asks them', async () => {
    const cut = gate();
    const ends: string[] = [];
    const working = new Map<string, ReturnType<typeof gate>>();
    const names = ['first', 'short', 'last'];
    const handlers = names.map((name) => {
      const mine = gate();
      working.set(name, mine);
      @MqConsumer('orders', 'stock', { connection: name })
      class Works {
        async handle(_message: unknown, { signal }: { signal: AbortSignal }): Promise<void> {
          mine.reach();
          const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          if (name === 'short') {
            await aborted;
            cut.open();
          } else {
            // The other two have a minute each, and end as soon as the short one was cut off.
            await Promise.race([cut.pass, aborted]);
          }
          ends.push(`${name} ${signal.aborted ? 'cut off' : 'finished'}`);
        }
      }
      return Works;
    });
    const modules = names.map((name) =>
      MqModule.forRoot({
        name,
        transport: memoryTransport({ profile: 'http' }),
        topics: { orders: { topic: 'shop_orders' } },
        groups: { stock: { groupId: 'GID_stock' } },
        shutdown: { drain: name === 'short' ? '300ms' : '60s' },
        consume: { timeout: '2m' },
        migrate: true,
      }),
    );
    const app = await bootMq(db, { transport: memoryTransport() }, { imports: modules, providers: handlers });
    for (const name of names) {
      await app.get<MqProducerService>(getMqProducerToken(name)).publish('orders', { payload: name }, OWN);
      await working.get(name)!.reached;
    }
    const handled: string[] = [];
    for (const name of names) {
      app.get(getMqEventsToken(name)).on('delivery.handled', () => handled.push(name));
    }
    await app.close();
    expect(ends.toSorted()).toEqual(['first finished', 'last finished', 'short cut off']);
    expect(handled.toSorted()).toEqual(['first', 'last']);
  }, 100_000);
});

describeDatabases('a key with a long line of messages', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  it('is left to others when the process stops: what is on the wire is sent, and nothing after it', async () => {
    const FOLLOWERS = 40;
    const node = await bootNode(db, { topics: { orders: { topic: 'shop_orders', ordered: true } } });
    const wire = gate();
    const send = node.transport.send.bind(node.transport);
    jest.spyOn(node.transport, 'send').mockImplementationOnce(async (message, signal) => {
      wire.reach();
      await wire.pass;
      return send(message, signal);
    });
    const ids: string[] = [];
    const publish = async (): Promise<void> => {
      const publication = await node.mq.publish('orders', { payload: ids.length, orderingKey: 'one' }, OWN);
      ids.push(publication.messages[0]!.id);
    };
    await publish();
    await wire.reached;
    for (let n = 0; n < FOLLOWERS; n++) await publish();
    const asleep = 'SELECT COUNT(*) AS n FROM mq_status_log WHERE deferred';
    await eventually(async () => Number((await db.query<{ n: unknown }>(asleep))[0]!.n) === FOLLOWERS, {
      what: 'all others standing in line',
    });

    const closed = node.app.close();
    await new Promise((resolve) => setImmediate(resolve));
    wire.open();
    await closed;
    expect(node.broker.sent.map(({ properties }) => properties['mq-id'])).toEqual([ids[0]]);
    const rows = await tables.statuses();
    expect(rows.filter(({ lease_token }) => lease_token !== null)).toEqual([]);
    expect(rows.filter(({ status }) => status === 'PENDING')).toHaveLength(FOLLOWERS);

    await bootNode(db, { topics: { orders: { topic: 'shop_orders', ordered: true } }, broker: node.broker });
    await eventually(() => node.broker.sent.length === FOLLOWERS + 1, {
      what: 'another process sending the rest',
    });
    expect(node.broker.sent.map(({ properties }) => properties['mq-id'])).toEqual(ids);
  });
});
