import { AsyncResource } from 'node:async_hooks';
import { TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import type { EntityManager } from 'typeorm';
import { busyConnections, describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { DeliveryBench } from './deliver.js';

describeDatabases('publishing from a handler', (db) => {
  let bench: DeliveryBench;
  let context: TypeOrmTransactionContext;

  beforeAll(async () => {
    bench = await DeliveryBench.open(db);
    context = new TypeOrmTransactionContext(bench.dataSource);
  });

  const codeOf = (manager?: EntityManager): unknown => {
    try {
      return context.find(manager)?.tx ?? null;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };

  it('joins the transaction of the delivery, and learns of its end', async () => {
    const ends: string[] = [];
    const note = (): void => context.find(undefined)!.onEnd((outcome) => void ends.push(outcome));
    await bench.deliver(async (manager) => {
      expect(context.find(undefined)?.tx).toBe(manager);
      note();
      expect(ends).toEqual([]);
    });
    const failing = bench.deliver(async () => {
      note();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const severed = bench.deliver(
      async () => {
        note();
        await new Promise(() => {});
      },
      { timeoutMs: 20 },
    );
    await expect(severed).rejects.toThrow('handler timeout');
    expect(ends).toEqual(['proven', 'rolled-back', 'rolled-back']);
  });

  it('joins its own transaction where the handler opens one and says so', async () => {
    await bench.deliver(() =>
      bench.dataSource.transaction(async (other) => {
        expect(context.find(other)?.tx).toBe(other);
      }),
    );
  });

  it('is as anywhere else once the delivery has ended, except with its manager, and in a handler that was cut off', async () => {
    const ways: readonly (readonly [() => Promise<unknown>, unknown])[] = [
      [async () => undefined, null],
      [() => Promise.reject(new Error('no')), null],
      [() => new Promise(() => {}), 'MQ_TRANSACTION_CLOSED'],
    ];
    for (const [handler, without] of ways) {
      let late: (() => unknown) | undefined;
      const delivery = bench.deliver(
        async (manager) => {
          setTimeout(() => {
            const seen = [codeOf(), codeOf(manager), context.find(undefined, true)];
            late = () => seen;
          }, 150);
          await handler();
        },
        { timeoutMs: 50 },
      );
      await delivery.catch(() => undefined);
      expect(await eventually(() => late?.())).toEqual([without, 'MQ_TRANSACTION_CLOSED', null]);
    }
  });

  it('goes on from a timer that was first started in a handler, in a transaction of its own', async () => {
    let ticks = 0;
    const own = (): Promise<void> =>
      bench.dataSource.transaction(async (manager) => {
        expect(context.find(manager)?.tx).toBe(manager);
        ticks++;
      });
    let timer!: NodeJS.Timeout;
    await bench.deliver(async () => {
      timer = setInterval(() => void own().then(own), 10);
    });
    await eventually(() => ticks >= 6);
    clearInterval(timer);
    await eventually(() => busyConnections(bench.dataSource) === 0);
  });

  it('joins nothing as soon as the handler has returned, while its transaction is being committed', async () => {
    let leftRunning!: () => unknown;
    let found: unknown;
    const subscriber = { beforeTransactionCommit: () => void (found = leftRunning()) };
    bench.dataSource.subscribers.push(subscriber);
    try {
      await bench.deliver(async (manager) => {
        leftRunning = AsyncResource.bind(() => [codeOf(), codeOf(manager)]);
      });
    } finally {
      bench.dataSource.subscribers.splice(bench.dataSource.subscribers.indexOf(subscriber), 1);
    }
    expect(found).toEqual([null, 'MQ_TRANSACTION_CLOSED']);
  });

  it('has nothing to join where the delivery is of another data source', async () => {
    const other = await DeliveryBench.open(db);
    await other.deliver(async (manager) => {
      expect(codeOf()).toBeNull();
      expect(codeOf(manager)).toBe('MQ_TRANSACTION_MISMATCH');
    });
  });

  it('keeps deliveries that run at the same time apart', async () => {
    await Promise.all(
      Array.from({ length: 5 }, () =>
        bench.deliver(async (manager) => {
          await manager.query('SELECT 1');
          expect(context.find(undefined)?.tx).toBe(manager);
        }),
      ),
    );
    expect(codeOf()).toBeNull();
  });
});
