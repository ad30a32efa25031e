import 'reflect-metadata';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { MqContext } from 'nestjs-reliable-mq';
import {
  type EntitySubscriberInterface,
  EventSubscriber,
  type QueryRunner,
  type TransactionCommitEvent,
} from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { killSession, sessionId } from '../support/server-session.js';
import { consumer, gate, type Handle } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, type NodeSetup, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

/** Both drivers have a socket; TypeORM's runner for PostgreSQL counts as released from the moment when its one is gone. */
async function noticed(runner: QueryRunner): Promise<void> {
  interface Client {
    readonly stream?: Duplex;
    readonly connection?: { readonly stream: Duplex };
  }
  const client = (await runner.connect()) as Client;
  const socket = (client.connection ?? client).stream!;
  await eventually(() => socket.closed, { what: 'the end of the socket' });
}

describeDatabases('a way out of a handler', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let attempts: number[];
  /** Where the second attempt of a handler waits, so that a test can look at what the first one left behind. */
  let second: ReturnType<typeof gate>;

  beforeEach(() => {
    attempts = [];
    second = gate();
  });

  /** A handler that leaves its first attempt in some way, and comes to a good end with the second. */
  const failingOnce =
    (first: Handle): Handle =>
    async (message, context) => {
      attempts.push(context.attempt);
      await tables.effect(context, message, `attempt ${context.attempt}`);
      if (attempts.length === 1) return first(message, context);
      second.reach();
      return second.pass;
    };

  const boot = (work: Handle, more: NodeSetup = {}): Promise<Node> =>
    bootNode(db, { handlers: [consumer('orders', 'stock', work)], ...more });

  /** After the first attempt: no effect, no inbox row, not acknowledged, one failure recorded. */
  const nothingCounted = async (node: Node, code: string): Promise<void> => {
    await second.reached;
    expect(await tables.effects()).toEqual([]);
    expect(await tables.inbox()).toEqual([]);
    expect(pending(node.broker)).toBe(1);
    expect(await tables.errors()).toMatchObject([{ attempt: 1, error_code: code, group_id: 'GID_stock' }]);
  };

  const handledOnce = async (node: Node, id: string): Promise<void> => {
    await eventually(() => pending(node.broker) === 0, { what: 'the acknowledgement' });
    expect(await tables.effects()).toEqual([id]);
    expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state: 'HANDLED' }]);
    await tables.poolIsFree(node);
  };

  it('return: effect, inbox row and acknowledgement', async () => {
    const node = await boot(async (message, context) => {
      attempts.push(context.attempt);
      await tables.effect(context, message);
    });
    const id = await publishOne(node);
    await handledOnce(node, id);
    expect(attempts).toEqual([1]);
    expect(await tables.errors()).toEqual([]);
  });

  it('throw: nothing stays but the failure, and the next attempt counts two', async () => {
    const node = await boot(failingOnce(() => Promise.reject(new Error('out of stock'))));
    const id = await publishOne(node);
    await nothingCounted(node, 'MQ_HANDLER_FAILED');
    second.open();
    await handledOnce(node, id);
    expect(attempts).toEqual([1, 2]);
    expect(await tables.notes()).toEqual(['attempt 2']);
  });

  it('an SQL error that the handler swallowed: its COMMIT would be a rollback, so it is a failed attempt', async () => {
    await db.query('CREATE TABLE taken (id int PRIMARY KEY)');
    await db.query('INSERT INTO taken VALUES (1)');
    // PostgreSQL aborts the transaction at any error, MariaDB and MySQL roll it back at a deadlock; both carry on as if nothing were.
    const swallowed = { PostgreSQL: 'INSERT INTO taken VALUES (1)', MySQL: 'ROLLBACK' }[db.family];
    const node = await boot(failingOnce((_message, { manager }) => manager.query(swallowed).catch(() => undefined)));
    const id = await publishOne(node);
    await nothingCounted(node, 'MQ_HANDLER_FAILED');
    second.open();
    await handledOnce(node, id);
    expect(await tables.notes()).toEqual(['attempt 2']);
    await db.query('DROP TABLE taken');
  });

  it('a hang that ignores the signal: cut off from the database, and the place is free again', async () => {
    const hang = gate();
    const late: { context?: MqContext; error?: unknown } = {};
    const node = await boot(
      failingOnce(async (message, context) => {
        late.context = context;
        await hang.pass;
        await tables.effect(context, message, 'after the timeout').catch((error: unknown) => (late.error = error));
      }),
      { groups: { stock: { groupId: 'GID_stock', timeout: '400ms', concurrency: 1 } } },
    );
    const id = await publishOne(node);
    await nothingCounted(node, 'MQ_HANDLER_TIMEOUT');
    expect(late.context!.signal.aborted).toBe(true);
    hang.open();
    await eventually(() => late.error, { what: 'the late write being refused' });
    second.open();
    await handledOnce(node, id);
    expect(await tables.notes()).toEqual(['attempt 2']);
  });

  it('a connection that is lost while it works: the database’s failure, which counts against nobody', async () => {
    const node = await boot(
      failingOnce(async (message, context) => {
        await killSession(db, await sessionId(db, context.manager));
        await tables.effect(context, message, 'on a dead connection');
      }),
    );
    const failures = told(node, 'loop.failed');
    const id = await publishOne(node);
    await second.reached;
    expect(await tables.effects()).toEqual([]);
    expect(await tables.errors()).toEqual([]);
    expect(failures).toMatchObject([{ loop: 'consumer:database', error: { code: 'MQ_DATABASE_UNAVAILABLE' } }]);
    second.open();
    await handledOnce(node, id);
    expect(attempts).toEqual([1, 1]);
    expect(await tables.notes()).toEqual(['attempt 1']);
  });

  it('another database that is away, which the handler asks: a failed attempt like any other', async () => {
    const away = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { code: 'ECONNREFUSED' });
    const node = await boot(failingOnce(() => Promise.reject(away)));
    const failures = told(node, 'loop.failed');
    const id = await publishOne(node);
    await nothingCounted(node, 'MQ_HANDLER_FAILED');
    second.open();
    await handledOnce(node, id);
    expect(failures).toEqual([]);
  });

  it.each([
    ['at COMMIT', async () => {}],
    ['just before COMMIT, and the driver has noticed', noticed],
  ])('a connection that is lost %s: the next attempt finds nothing and does it again', async (_, meanwhile) => {
    let victim: string | null = null;
    @EventSubscriber()
    class LosesTheConnection implements EntitySubscriberInterface {
      async beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): Promise<void> {
        if (victim === null) return;
        const session = victim;
        victim = null;
        await killSession(db, session);
        await meanwhile(queryRunner);
      }
    }
    const node = await boot(
      failingOnce(async (_message, { manager }) => void (victim = await sessionId(db, manager))),
      { dataSourceOptions: { subscribers: [LosesTheConnection] } },
    );
    const id = await publishOne(node);
    await second.reached;
    expect(await tables.effects()).toEqual([]);
    expect(pending(node.broker)).toBe(1);
    expect(await tables.errors()).toEqual([]);
    second.open();
    await handledOnce(node, id);
    expect(attempts).toEqual([1, 1]);
  });

  it('a COMMIT whose answer is lost: the inbox knows that it happened, and the handler does not run again', async () => {
    let armed = false;
    @EventSubscriber()
    class LosesTheAnswer implements EntitySubscriberInterface {
      afterTransactionCommit(): void {
        if (!armed) return;
        armed = false;
        throw new Error('connection reset while COMMIT was answered');
      }
    }
    const node = await boot(
      failingOnce(() => void (armed = true)),
      { dataSourceOptions: { subscribers: [LosesTheAnswer] } },
    );
    const duplicates = told(node, 'delivery.duplicate');
    const id = await publishOne(node);
    await handledOnce(node, id);
    expect(attempts).toEqual([1]);
    expect(duplicates).toMatchObject([{ messageId: id }]);
    expect(await tables.errors()).toMatchObject([{ attempt: 1, message_id: id }]);
  });

  it('an acknowledgement that is lost: the copy that comes back is absorbed', async () => {
    const node = await boot(failingOnce(() => undefined));
    const duplicates = told(node, 'delivery.duplicate');
    node.broker.loseNextAcks(Number.POSITIVE_INFINITY);
    const id = await publishOne(node);
    await eventuallyPasses(async () => expect(await tables.effects()).toEqual([id]));
    expect(pending(node.broker)).toBe(1);
    leasesEnd(node.broker);
    await eventually(() => duplicates.length === 1, { what: 'the redelivery' });
    expect(pending(node.broker)).toBe(1);
    node.broker.heal();
    await handledOnce(node, id);
    expect(attempts).toEqual([1]);
    expect(await tables.errors()).toEqual([]);
  });

  it('app.close() while it works: it finishes, and is acknowledged', async () => {
    const working = gate();
    const node = await boot(async (message, context) => {
      working.reach();
      await working.pass;
      await tables.effect(context, message);
    });
    const id = await publishOne(node);
    await working.reached;
    const closed = node.app.close();
    working.open();
    await closed;
    expect(pending(node.broker)).toBe(0);
    expect(await tables.effects()).toEqual([id]);
    expect(await tables.inbox()).toHaveLength(1);
  });

  it('app.close() with a handler that outlasts the drain: nothing of it counts, and another instance does it', async () => {
    const work = failingOnce((_message, { signal }) => delay(60_000, undefined, { signal }));
    const node = await boot(work, { shutdown: { drain: '300ms' } });
    const id = await publishOne(node);
    await eventually(() => attempts.length === 1);
    await node.app.close();
    expect(await tables.effects()).toEqual([]);
    expect(await tables.inbox()).toEqual([]);
    // Nobody's fault: no failure is held against the message.
    expect(await tables.errors()).toEqual([]);
    expect(pending(node.broker)).toBe(1);
    second.open();
    const other = await boot(work, { broker: node.broker });
    leasesEnd(node.broker);
    await handledOnce(other, id);
    // The broker's count knows of the first attempt.
    expect(attempts).toEqual([1, 2]);
  });
});
