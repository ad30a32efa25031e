import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  MqAdminService,
  MqConsumer,
  type MqContext,
  type MqMessage,
  type NewMessage,
  PermanentError,
} from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate } from '../support/node/consumer.js';
import { bootNode, type Node, OWN } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const TOPICS = { orders: { topic: 'shop_orders' }, bills: { topic: 'shop_bills' }, mails: { topic: 'shop_mails' } };
const GROUPS = {
  billing: { groupId: 'GID_billing' },
  mailing: { groupId: 'GID_mailing' },
  last: { groupId: 'GID_last' },
};

describeDatabases('what caused a message', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let seen: MqMessage[];
  let node: Node;
  beforeEach(() => (seen = []));

  const publish = async (message: NewMessage): Promise<string> =>
    (await node.mq.publish('orders', message, OWN)).messages[0]!.id;
  /** A handler that publishes to the next topic, in its transaction. */
  const passesOn =
    (topic: string, more?: Partial<NewMessage>) =>
    async (message: MqMessage, { manager }: MqContext): Promise<void> => {
      seen.push(message);
      await node.mq.publish(topic, { payload: message.payload, ...more }, { manager });
    };
  const ends = (message: MqMessage): void => void seen.push(message);
  const of = (topic: string, payload: unknown): MqMessage =>
    seen.find((message) => message.topic === topic && message.payload === payload)!;
  const boot = async (more: object = {}): Promise<void> => {
    node = await bootNode(db, {
      topics: TOPICS,
      groups: GROUPS,
      handlers: [
        consumer('orders', 'billing', passesOn('bills')),
        consumer('bills', 'mailing', passesOn('mails')),
        consumer('mails', 'last', ends),
      ],
      ...more,
    });
  };

  it('is on each message of a chain: the id of its first one, and of the one before', async () => {
    await boot();
    const ids = await Promise.all([1, 2, 3, 4, 5].map((payload) => publish({ payload })));
    await eventually(() => seen.length === 15);
    for (const [i, id] of ids.entries()) {
      const [order, bill, mail] = ['orders', 'bills', 'mails'].map((topic) => of(topic, i + 1));
      expect(order).toMatchObject({ id, correlationId: id, causationId: undefined });
      expect(bill).toMatchObject({ correlationId: id, causationId: id });
      expect(mail).toMatchObject({ correlationId: id, causationId: bill!.id });
      expect(bill!.id).not.toBe(id);
    }
    const rows = await db.query<{ id: string; correlation_id: string | null; causation_id: string | null }>(
      `SELECT id, correlation_id, causation_id FROM mq_status_log WHERE id IN ('${ids[0]}', '${of('mails', 1).id}') ORDER BY id`,
    );
    expect(rows).toEqual([
      { id: ids[0], correlation_id: null, causation_id: null },
      { id: of('mails', 1).id, correlation_id: ids[0], causation_id: of('bills', 1).id },
    ]);
  });

  it('takes the id that a message names, or that of the request, for the whole chain', async () => {
    const requests = new AsyncLocalStorage<string>();
    const idOfRequest = (): string | undefined => {
      if (requests.getStore() === 'throws') throw new Error('there is no request');
      return requests.getStore();
    };
    await boot({ publish: { correlationId: () => idOfRequest() } });
    await publish({ payload: 'named', correlationId: 'cart-7' });
    await requests.run('request-9', () => publish({ payload: 'asked' }));
    await requests.run('request-9', () => publish({ payload: 'both', correlationId: 'cart-8' }));
    // Whatever a stranger has put into a header.
    await requests.run('a|b\u0000', () => publish({ payload: 'odd' }));
    await requests.run('', () => publish({ payload: 'empty' }));
    await requests.run('throws', () => publish({ payload: 'throws' }));
    await eventually(() => seen.length === 18);
    const chains = (payload: string): string[] =>
      ['orders', 'bills', 'mails'].map((topic) => of(topic, payload).correlationId);
    expect(chains('named')).toEqual(['cart-7', 'cart-7', 'cart-7']);
    expect(chains('asked')).toEqual(['request-9', 'request-9', 'request-9']);
    expect(chains('both')).toEqual(['cart-8', 'cart-8', 'cart-8']);
    expect(chains('odd')).toEqual(Array(3).fill('a%u007Cb%u0000'));
    expect(chains('throws')).toEqual(Array(3).fill(of('orders', 'throws').id));
    expect(chains('empty')).toEqual(Array(3).fill(of('orders', 'empty').id));
  });

  it('refuses an id that would not arrive as it is', async () => {
    await boot();
    for (const correlationId of ['', 'a|b', 'a\nb', 'x'.repeat(129), 7 as never]) {
      await expect(publish({ payload: 1, correlationId })).rejects.toMatchObject({
        code: 'MQ_MESSAGE_INVALID',
        message: expect.stringMatching(/correlationId must be a text of 1 to 128 characters/) as string,
      });
    }
  });

  it('is told by the timeline, in both directions, also of what was rolled back: nothing', async () => {
    let attempts = 0;
    await boot({
      handlers: [
        consumer('orders', 'billing', async (message, context) => {
          await passesOn('bills')(message, context);
          if (++attempts === 1) throw new Error('not at first');
        }),
        consumer('bills', 'mailing', ends),
        consumer('mails', 'last', ends),
      ],
    });
    const id = await publish({ payload: 1, key: 'A-1', correlationId: 'cart-7' });
    await eventually(() => seen.some(({ topic }) => topic === 'bills'));
    const bill = of('bills', 1);
    const admin = node.app.get(MqAdminService);
    const [order] = await admin.timeline('A-1');
    expect(order).toMatchObject({
      messageId: id,
      correlationId: 'cart-7',
      causationId: null,
      caused: [{ messageId: bill.id, topic: 'bills', key: bill.key, at: expect.any(Date) as Date }],
    });
    expect(order!.entries.find(({ what }) => what === 'caused')!.text).toBe(
      `its handler published ${bill.id} to bills`,
    );
    const [billing] = await admin.timeline(bill.id);
    expect(billing).toMatchObject({ correlationId: 'cart-7', causationId: id, caused: [] });
    expect(billing!.entries[0]!.text).toContain(`by the handler of ${id}`);
  });

  it('survives parking and replay, of what could not be sent too', async () => {
    let broken = true;
    await boot({
      handlers: [
        consumer('orders', 'billing', passesOn('bills')),
        consumer('bills', 'mailing', (message) => {
          if (broken) throw new PermanentError('no');
          ends(message);
        }),
      ],
    });
    const id = await publish({ payload: 1, correlationId: 'cart-7' });
    const admin = node.app.get(MqAdminService);
    const parked = await eventually(async () => (await admin.find({ status: 'PARKED' }))[0]);
    const row = { correlation_id: 'cart-7', causation_id: id };
    expect(await db.query(`SELECT correlation_id, causation_id FROM mq_error_log WHERE id = '${parked!.id}'`)).toEqual([
      row,
    ]);
    // The row that is retained for less time than what is parked.
    await db.query('DELETE FROM mq_status_log');
    expect((await admin.timeline(parked!.messageId!))[0]).toMatchObject({ correlationId: 'cart-7', causationId: id });
    broken = false;
    await admin.replay([parked!.id], { reason: 'mended' });
    await eventually(() => seen.some(({ topic }) => topic === 'bills'));
    expect(of('bills', 1)).toMatchObject({ correlationId: 'cart-7', causationId: id });

    node.broker.failNextSends('invalid');
    const dead = await publish({ payload: 2, correlationId: 'cart-9' });
    await eventually(async () => (await tables.statuses()).some((each) => each.id === dead && each.status === 'DEAD'));
    await admin.replay([dead], { reason: 'mended' });
    await eventually(() => seen.some(({ topic, payload }) => topic === 'bills' && payload === 2));
    expect(of('bills', 2)).toMatchObject({ correlationId: 'cart-9', causationId: dead });
  });

  it('of a batch is its one message, and none of several; and ends with the handler', async () => {
    const { open, pass } = gate();
    const late: Promise<unknown>[] = [];
    const bill = (messages: MqMessage[], { manager }: MqContext): Promise<unknown> =>
      node.mq.publish('bills', { payload: messages.length }, { manager });
    @MqConsumer('orders', 'billing', { batch: { size: 2, wait: '60s' } })
    class Several {
      async handle(messages: MqMessage[], context: MqContext): Promise<void> {
        await bill(messages, context);
      }
    }
    @MqConsumer('mails', 'mailing', { batch: { size: 2, wait: '1ms' } })
    class One {
      async handle(messages: MqMessage[], context: MqContext): Promise<void> {
        await bill(messages, context);
        late.push(pass.then(() => node.mq.publish('bills', { payload: 'late' }, OWN)));
      }
    }
    await boot({ handlers: [Several, One, consumer('bills', 'last', ends)] });
    const [one] = (await node.mq.publish('mails', { payload: 'alone' }, OWN)).messages;
    await eventually(() => seen.length === 1);
    expect(of('bills', 1)).toMatchObject({ correlationId: one!.id, causationId: one!.id });
    await node.mq.publish('orders', [{ payload: 'a' }, { payload: 'b' }], OWN);
    await eventually(() => seen.some(({ payload }) => payload === 2));
    expect(of('bills', 2)).toMatchObject({ correlationId: of('bills', 2).id, causationId: undefined });
    open();
    await Promise.all(late);
    await eventually(() => seen.some(({ payload }) => payload === 'late'));
    expect(of('bills', 'late')).toMatchObject({ causationId: undefined });
  });

  it('of a message of another producer begins with that message, or with what it says', async () => {
    await boot();
    const foreign = {
      topic: 'shop_orders',
      instanceId: null,
      tag: null,
      key: 'k',
      deliverAt: null,
      orderingKey: null,
    };
    node.broker.accept({ ...foreign, body: '"plain"', properties: {} });
    node.broker.accept({ ...foreign, body: '"says"', properties: { 'mq-correlation': `a\0|${'x'.repeat(4_000)}` } });
    await eventually(() => seen.length === 6);
    const plain = of('orders', 'plain');
    expect(plain).toMatchObject({ correlationId: plain.id, causationId: undefined });
    expect(of('bills', 'plain')).toMatchObject({ correlationId: plain.id, causationId: plain.id });
    const says = of('orders', 'says');
    expect(says.correlationId).toMatch(/^sha256:/);
    expect(of('mails', 'says').correlationId).toBe(says.correlationId);
  });
});
