import 'reflect-metadata';
import { type CanActivate, type ExecutionContext, Injectable, Module, UseGuards } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  defineTopic,
  Discard,
  getMqTransportToken,
  MqConsumer,
  MqConsumerService,
  type MqContext,
  type MqMessage,
  MqModule,
  MqProducerService,
  PermanentError,
  RetryLater,
} from 'nestjs-reliable-mq';
import { buildContext, buildMessage, memoryTransport, MqTesting } from 'nestjs-reliable-mq/testing';
import { DataSource } from 'typeorm';
import { describeDatabases } from '../support/database.js';

interface OrderCreated {
  id: string;
  then?: string;
}

/** A schema that takes everything. */
const anything = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
};

@Injectable()
class NotForbidden implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<MqMessage<OrderCreated>>().payload.then !== 'forbidden';
  }
}

/** Does what a message asks for, and writes a row for it. */
@MqConsumer('orders', 'stock', { tags: 'created' })
@UseGuards(NotForbidden)
@Injectable()
class ReserveStock {
  attempts: number[] = [];

  constructor(private readonly mq: MqProducerService) {}

  async handle({ payload }: MqMessage<OrderCreated>, { manager, attempt }: MqContext): Promise<void> {
    this.attempts.push(attempt);
    await manager.query(`INSERT INTO reserved (id) VALUES ('${payload.id}')`);
    const mail = { tag: 'reserved', key: payload.id, payload: { to: payload.id }, orderingKey: 'all' };
    await this.mq.publish('mails', mail, { manager });
    if (payload.then === 'fail') throw new Error('no stock');
    if (payload.then === 'later') throw new RetryLater('30s');
    if (payload.then === 'discard') throw new Discard('too late');
    if (payload.then === 'never') throw new PermanentError('no such sku');
  }
}

describeDatabases(
  'MqTesting on a real database and a broker in memory',
  (db) => {
    const OWN = { transaction: 'own' } as const;
    let app: TestingModule;
    let mq: MqTesting;
    let producer: MqProducerService;
    const reserved = async (): Promise<string[]> =>
      (await app.get(DataSource).query<{ id: string }[]>('SELECT id FROM reserved ORDER BY id')).map(({ id }) => id);

    beforeAll(async () => {
      @Module({
        imports: [
          TypeOrmModule.forRoot({ ...db.options, autoLoadEntities: true, retryAttempts: 0 }),
          MqModule.forRoot({
            transport: memoryTransport(),
            topics: { orders: { topic: 'shop_orders' }, mails: { topic: 'shop_mails', ordered: true } },
            groups: {
              stock: { groupId: 'GID_stock', maxAttempts: 3, backoff: () => 10 },
              mailer: { groupId: 'GID_mailer', unmatched: 'ack' },
            },
            migrate: true,
          }),
        ],
        providers: [ReserveStock],
      })
      class AppModule {}
      app = await Test.createTestingModule({ imports: [AppModule] })
        .overrideProvider(getMqTransportToken())
        .useValue(memoryTransport())
        .compile();
      app.useLogger(false);
      mq = MqTesting.of(app);
      await app.init();
      producer = app.get(MqProducerService);
      await app.get(DataSource).query('CREATE TABLE reserved (id varchar(40) NOT NULL)');
    });
    beforeEach(async () => {
      mq.clear();
      app.get(ReserveStock).attempts = [];
      await app.get(DataSource).query('DELETE FROM reserved');
    });
    afterAll(() => app.close());

    it('waits for what happens, and answers at once what has', async () => {
      const wait = mq.waitFor('delivery.handled', { topic: 'orders', key: 1 });
      await producer.publish('orders', { tag: 'created', key: 1, payload: { id: 'one' } }, OWN);
      expect(await wait).toMatchObject({ group: 'stock', key: '1', attempt: 1 });
      expect(await mq.waitFor('delivery.handled', ({ key }) => key === '1')).toBe(await wait);
      await mq.settled();
      expect(await reserved()).toEqual(['one']);
    });

    it('says what did happen when it does not', async () => {
      await mq.deliver('orders', 'stock', { tag: 'created', key: 'k1', payload: { id: 'x', then: 'fail' } });
      const failure = mq.waitFor('delivery.handled', { key: 'k1', group: 'stock' }, { timeout: 50 });
      await expect(failure).rejects.toMatchObject({
        code: 'MQ_TEST_TIMEOUT',
        message: expect.stringMatching(
          /'delivery\.handled' with key="k1" group="stock" did not happen within 50 ms[^]+delivery\.failed.*key="k1".*no stock/,
        ),
      });
    });

    it('shows what was published and committed, in order', async () => {
      const at = new Date(Date.UTC(2040, 0, 1));
      const dataSource = app.get(DataSource);
      await dataSource.transaction(async (manager) => {
        await producer.publish('orders', { tag: 'none', key: 7, payload: [1], headers: { a: 'b' } }, { manager });
        await manager
          .transaction(async () => {
            await producer.publish('orders', { key: 'savepoint', payload: 'gone' }, { manager });
            throw new Error('back to the savepoint');
          })
          .catch(() => undefined);
      });
      await dataSource
        .transaction(async (manager) => {
          await producer.publish('orders', { payload: 'never' }, { manager });
          throw new Error('rolled back');
        })
        .catch(() => undefined);
      await producer.publish('orders', { payload: 'later', key: 'later', tag: 'none', deliverAt: at }, OWN);
      await producer.publish('mails', { payload: null, key: 'm', orderingKey: 5 }, OWN);
      await mq.settled();
      expect(mq.published('orders')).toEqual([
        { topic: 'orders', tag: 'none', key: '7', payload: [1], headers: { a: 'b' } },
        { topic: 'orders', tag: 'none', key: 'later', payload: 'later', headers: {}, deliverAt: at },
      ]);
      expect(mq.published(defineTopic('mails', anything))).toMatchObject([{ key: 'm', orderingKey: '5' }]);
      await expect(producer.sendDirect('mails', { key: 'd', payload: 1, orderingKey: 'd' })).resolves.toBeDefined();
      expect(mq.published('mails').map(({ key }) => key)).toEqual(['m', 'd']);
    });

    it('waits for what is on its way and held for another attempt, and tells what is in vain', async () => {
      mq.failNext('handler', { group: 'stock', error: new Error('the first time') });
      await producer.publish('orders', { tag: 'created', key: 'again', payload: { id: 'again' } }, OWN);
      await mq.settled();
      expect(app.get(ReserveStock).attempts).toEqual([2]);
      app.get(MqConsumerService).pause('stock');
      await producer.publish('orders', { tag: 'created', key: 'waits', payload: { id: 'waits' } }, OWN);
      await expect(mq.settled({ timeout: '200ms' })).rejects.toThrow(/orders\/stock: the message with key 'waits'/);
      app.get(MqConsumerService).resume('stock');
      await mq.settled();
      expect(await reserved()).toEqual(['again', 'waits']);
    });

    it('lets the next acknowledgement and the next send fail', async () => {
      mq.failNext('ack');
      mq.failNext('send', { error: 'unknown', stored: true });
      const publication = await producer.publish('orders', { tag: 'created', key: 'x', payload: { id: 'x' } }, OWN);
      expect(await publication.sent()).toMatchObject([{ status: 'pending' }]);
      await mq.waitFor('delivery.handled', { key: 'x' });
      expect(await reserved()).toEqual(['x']);
      const { broker } = app.get<ReturnType<typeof memoryTransport>>(getMqTransportToken());
      expect(broker.stateOf('shop_orders', 'GID_stock').pending).toBe(1);
    });

    describe('deliver()', () => {
      const deliver = (payload: OrderCreated, attempt?: number) =>
        mq.deliver('orders', 'stock', { tag: 'created', payload }, attempt === undefined ? {} : { attempt });

      it('handles: commits what the handler did, and says what it has published', async () => {
        const result = await deliver({ id: 'a' }, 3);
        expect(result).toEqual({
          outcome: 'handled',
          published: [
            { topic: 'mails', tag: 'reserved', key: 'a', payload: { to: 'a' }, headers: {}, orderingKey: 'all' },
          ],
        });
        expect(app.get(ReserveStock).attempts).toEqual([3]);
        expect(await reserved()).toEqual(['a']);
      });

      it('fails: rolls back, with the delay of the policy or the one that the handler wants', async () => {
        const failed = await deliver({ id: 'b', then: 'fail' });
        expect(failed).toMatchObject({ outcome: 'failed', retryInMs: 10, published: [] });
        expect(failed.error).toEqual(new Error('no stock'));
        expect(await deliver({ id: 'b', then: 'later' }, 2)).toMatchObject({ outcome: 'failed', retryInMs: 30_000 });
        expect(await reserved()).toEqual([]);
        expect(mq.published('mails')).toEqual([]);
      });

      it('parks: at the last attempt, for good, and what nobody takes', async () => {
        expect(await deliver({ id: 'c', then: 'fail' }, 3)).toMatchObject({ outcome: 'parked', published: [] });
        expect((await deliver({ id: 'c', then: 'never' })).error).toBeInstanceOf(PermanentError);
        const unmatched = await mq.deliver('orders', 'stock', { tag: 'paid', payload: 1 });
        expect(unmatched).toMatchObject({ outcome: 'parked', error: { code: 'MQ_UNMATCHED' } });
        const refused = await deliver({ id: 'c', then: 'forbidden' });
        expect(refused).toMatchObject({ outcome: 'parked', code: 'MQ_FORBIDDEN' });
        expect(await deliver({ id: 'c', then: 'discard' })).toEqual({ outcome: 'discarded', published: [] });
      });

      it('takes a second one with the same id for the copy that it is', async () => {
        const message = { tag: 'created', id: 'an-id', payload: { id: 'd' } };
        expect(await mq.deliver('orders', 'stock', message)).toMatchObject({ outcome: 'handled' });
        expect(await mq.deliver('orders', 'stock', message)).toMatchObject({ outcome: 'duplicate' });
        expect(await reserved()).toEqual(['d']);
      });

      it('runs handlers that were told to fail', async () => {
        mq.failNext('handler', { topic: 'orders' });
        expect(await deliver({ id: 'e' })).toMatchObject({ outcome: 'failed' });
        expect(await deliver({ id: 'e' })).toMatchObject({ outcome: 'handled' });
      });
    });

    it('names the nearest name for one that there is not', async () => {
      const { broker } = app.get<ReturnType<typeof memoryTransport>>(getMqTransportToken());
      const calls: [code: string, words: string, call: () => unknown][] = [
        ['MQ_UNKNOWN_TOPIC', "Did you mean 'orders'?", () => mq.published('order')],
        ['MQ_UNKNOWN_TOPIC', "Known: 'orders', 'mails'", () => mq.waitFor('message.sent', { topic: 'invoices' })],
        ['MQ_UNKNOWN_GROUP', "Did you mean 'stock'?", () => mq.waitFor('delivery.handled', { group: 'stok' })],
        ['MQ_UNKNOWN_GROUP', "Did you mean 'mailer'?", () => mq.failNext('handler', { group: 'mailers' })],
        ['MQ_UNKNOWN_GROUP', "Did you mean 'stock'?", () => mq.deliver('orders', 'stocks', { payload: 1 })],
        ['MQ_TEST_MISUSE', 'Found: orders/stock', () => mq.deliver('mails', 'mailer', { payload: 1 })],
        ['MQ_TEST_MISUSE', 'from 1 to 3', () => mq.deliver('orders', 'stock', { payload: 1 }, { attempt: 4 })],
        ['MQ_UNKNOWN_CONNECTION', "connection 'billing'", () => MqTesting.of(app, 'billing')],
        ['MQ_UNKNOWN_TOPIC', "Did you mean 'shop_orders'?", () => broker.stateOf('shop_order', 'GID_stock')],
        ['MQ_UNKNOWN_GROUP', "Did you mean 'GID_stock'?", () => broker.stateOf('shop_orders', 'GID_stok')],
      ];
      for (const [code, words, call] of calls) {
        const answer = (async () => call())();
        await expect(answer).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
      }
      expect(MqTesting.of(app)).toBe(mq);
    });
  },
  ['PostgreSQL', 'MariaDB'],
);

describe('builders', () => {
  it('make what a handler gets, with the fields that are given', async () => {
    const queries: string[] = [];
    const publish = jest.fn();
    const handler = new ReserveStock({ publish } as unknown as MqProducerService);
    const manager = { query: (sql: string) => void queries.push(sql) };
    await handler.handle(buildMessage({ payload: { id: 'a' }, tag: 'created' }), buildContext({ manager, attempt: 2 }));
    expect(queries).toHaveLength(1);
    expect(handler.attempts).toEqual([2]);
    expect(publish).toHaveBeenCalledWith('mails', expect.anything(), { manager });
    const message = buildMessage({ payload: 1 });
    expect(message).toMatchObject({ key: message.id, payload: 1, headers: {} });
    await expect(handler.handle(buildMessage({ payload: { id: 'a' } }), buildContext())).rejects.toMatchObject({
      code: 'MQ_TEST_MISUSE',
      message: expect.stringContaining('buildContext() was given no manager'),
    });
  });
});
