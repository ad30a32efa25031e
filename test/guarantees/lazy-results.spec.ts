import 'reflect-metadata';
import { concat, defer, NEVER, Observable, of } from 'rxjs';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, type Handle } from '../support/node/consumer.js';
import { bootNode, type Node, pending, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

/** What does nothing until somebody asks for it, and used to be acknowledged without that. */
describeDatabases('a handler that returns', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  const boot = (work: Handle, timeout = '30s'): Promise<Node> =>
    bootNode(db, {
      groups: { stock: { groupId: 'GID_stock', timeout, maxAttempts: 2 } },
      handlers: [consumer('orders', 'stock', work)],
    });
  const done = (node: Node): Promise<unknown> =>
    eventually(() => pending(node.broker) === 0, { what: 'the acknowledgement' });

  /** Two steps, so that the second shows that the first was not the end. */
  const steps: Handle = (message, context) =>
    concat(
      defer(() => tables.effect(context, message, 'first')),
      defer(() => tables.effect(context, message, 'last')),
    );
  const kinds: [string, Handle][] = [
    ['an Observable', steps],
    ['a promise of an Observable', async (message, context) => steps(message, context)],
    ['an Observable of an Observable', (message, context) => of(steps(message, context))],
    [
      'an asynchronous generator',
      async function* (message, context) {
        yield await tables.effect(context, message, 'first');
        await tables.effect(context, message, 'last');
      },
    ],
  ];

  it.each(kinds)('%s is handled when that has ended', async (_, work) => {
    const node = await boot(work);
    const id = await publishOne(node);
    await done(node);
    expect(await tables.notes()).toEqual(['first', 'last']);
    expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state: 'HANDLED' }]);
    await tables.poolIsFree(node);
  });

  it.each(kinds)('%s fails with it, and nothing of it stays', async (_, work) => {
    const node = await boot((message, context) =>
      concat(
        defer(async () => work(message, context)),
        defer(() => Promise.reject(new Error('out of stock'))),
      ),
    );
    await publishOne(node);
    await done(node);
    expect(await tables.notes()).toEqual([]);
    expect(await tables.errors()).toMatchObject([{ attempt: 1 }, { attempt: 2, error_code: 'MQ_HANDLER_FAILED' }]);
  });

  it('an Observable that never ends is unsubscribed from at the timeout', async () => {
    let subscribed = 0;
    let unsubscribed = 0;
    const node = await boot(
      () =>
        new Observable((subscriber) => {
          subscribed++;
          const inner = NEVER.subscribe(subscriber);
          return () => {
            unsubscribed++;
            inner.unsubscribe();
          };
        }),
      '200ms',
    );
    await publishOne(node);
    await done(node);
    expect([subscribed, unsubscribed]).toEqual([2, 2]);
    expect((await tables.errors()).map(({ error_code: code }) => code)).toEqual([
      'MQ_HANDLER_TIMEOUT',
      'MQ_HANDLER_TIMEOUT',
    ]);
  });

  // A rejection or an exception that nobody listens to would end the process, and fails the test here.
  const failing: [string, Handle, string][] = [
    [
      'a generator that yields a rejected promise',
      function* () {
        yield Promise.reject(new Error('out of stock'));
      },
      'MQ_HANDLER_FAILED',
    ],
    [
      'an Observable that emits rejected promises and fails',
      () =>
        concat(
          of(Promise.reject(new Error('nobody waits for it'))),
          defer(() => Promise.reject(new Error('out of stock'))),
        ),
      'MQ_HANDLER_FAILED',
    ],
    [
      'an Observable that cannot be unsubscribed from',
      () =>
        new Observable(() => () => {
          throw new Error('while tearing down');
        }),
      'MQ_HANDLER_TIMEOUT',
    ],
  ];

  it.each(failing)('%s fails, and nothing else does', async (_, work, code) => {
    const node = await boot(work, code === 'MQ_HANDLER_TIMEOUT' ? '200ms' : '30s');
    await publishOne(node);
    await done(node);
    expect((await tables.errors()).map(({ error_code: told }) => told)).toEqual([code, code]);
    await tables.poolIsFree(node);
  });

  it('a generator waits for the promises that it yields, and may catch what they are rejected with', async () => {
    const node = await boot(function* (message, context): Generator<Promise<void>> {
      try {
        yield Promise.reject(new Error('out of stock'));
      } catch {
        yield tables.effect(context, message, 'ordered more');
      }
    });
    await publishOne(node);
    await done(node);
    expect(await tables.notes()).toEqual(['ordered more']);
    expect(await tables.errors()).toEqual([]);
  });
});
