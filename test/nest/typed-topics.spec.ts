import 'reflect-metadata';
import { type } from 'arktype';
import {
  defineTopic,
  MqAdminService,
  MqConsumer,
  type MqContext,
  MqError,
  type MqMessage,
  type MqMessageOf,
  MqProducerService,
  MqStatusLog,
  type MqTopic,
  type StandardSchema,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { DataSource } from 'typeorm';
import * as v from 'valibot';
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

const db = mqDatabase();
const own = { transaction: 'own' } as const;

/** A schema of nobody's library, which asks somebody: it takes its time, and may fail itself. */
const Stocked: StandardSchema<{ sku: string }, { sku: string; known: true }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) => {
      const { sku } = value as { sku: string };
      await new Promise((resolve) => setImmediate(resolve));
      if (sku === 'away' && lookups++ === 1) throw new Error('the warehouse is away');
      return sku === 'none' ? { issues: [{ message: 'no such sku' }] } : { value: { sku, known: true } };
    },
  },
};
let lookups = 0;

const Orders = defineTopic('orders', {
  created: z.object({ id: z.string(), quantity: z.number().int(), at: z.coerce.date().optional() }),
  reserved: v.object({ id: v.pipe(v.string(), v.minLength(2)), note: v.optional(v.string(), 'none') }),
  counted: type({ id: 'string', amount: 'number > 0' }),
  stocked: Stocked,
});
const Deadlines = defineTopic('deadlines', z.object({ id: z.string().transform((id) => `order ${id}`) }));

const seen: unknown[] = [];
const order = { id: 'A-1', quantity: 2 };

@MqConsumer(Orders, 'stock', { tags: 'created' })
class ReserveStock {
  handle({ payload, tag }: MqMessageOf<typeof Orders, 'created'>): void {
    seen.push([tag, payload.quantity, payload.at]);
  }
}

class Rest {
  @MqConsumer(Orders, 'stock')
  handle(message: MqMessageOf<typeof Orders>, { attempt }: MqContext): void {
    // Its tag tells which payload it has.
    if (message.tag === 'reserved') seen.push([message.tag, message.payload.note]);
    else if (message.tag === 'stocked') seen.push([message.tag, message.payload.known, attempt]);
    else seen.push([message.tag, message.payload]);
  }

  @MqConsumer(Deadlines, 'stock')
  late({ payload }: MqMessageOf<typeof Deadlines>): void {
    seen.push(payload.id);
  }
}

async function boot() {
  seen.length = 0;
  const app = await bootMq(
    db,
    {
      transport: memoryTransport(),
      topics: { [Orders.name]: { topic: 'shop_orders' }, [Deadlines.name]: { topic: 'shop_deadlines' } },
      groups: { stock: { groupId: 'GID_stock', backoff: () => 1 } },
    },
    { providers: [ReserveStock, Rest] },
  );
  return { mq: app.get(MqProducerService), admin: app.get(MqAdminService), dataSource: app.get(DataSource) };
}

const refusalOf = async (promise: Promise<unknown>): Promise<MqError> => {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MqError);
  return error as MqError;
};

describe('a topic with schemas', () => {
  it('hands handlers what their schemas make of a payload, and sends what was given', async () => {
    const { mq, dataSource } = await boot();
    const at = new Date('2027-01-01T09:00:00Z');
    lookups = 0;
    const { messages } = await mq.publish(Orders, { tag: 'created', payload: { ...order, at } }, own);
    await mq.publish(
      Orders,
      [
        { tag: 'reserved', payload: { id: 'A-1' } },
        { tag: 'counted', payload: { id: 'A-1', amount: 3 } },
      ],
      own,
    );
    await mq.publishAll([{ topic: Deadlines, payload: { id: 'A-1' } }], own);
    // Found out once when it is published, and then the schema itself fails: an attempt like any other.
    await mq.sendDirect(Orders, { tag: 'stocked', payload: { sku: 'away' } });
    await eventually(() => seen.length === 5);
    expect(seen).toEqual(
      expect.arrayContaining([
        ['created', 2, at],
        ['reserved', 'none'],
        ['counted', { id: 'A-1', amount: 3 }],
        ['stocked', true, 2],
        'order A-1',
      ]),
    );
    const row = await dataSource.getRepository(MqStatusLog).findOneByOrFail({ id: messages[0]!.id });
    expect(JSON.parse(row.payload)).toEqual({ ...order, at: at.toJSON() });
  });

  it('refuses a payload in publish(), with every issue and no value, and leaves the transaction usable', async () => {
    const { mq, dataSource } = await boot();
    const wrong = { tag: 'created', payload: { id: 7, quantity: 'secret' } } as never;
    const published = await dataSource.transaction(async (manager) => {
      const error = await refusalOf(mq.publish(Orders, wrong, { manager }));
      expect(error.code).toBe('MQ_PAYLOAD_INVALID');
      expect(error.message).toMatch(
        /^publish\('orders'\): the payload does not fit the schema of tag 'created': payload\.id: .*string.*; payload\.quantity: .*number/,
      );
      expect(error.details).toMatchObject({
        topic: 'orders',
        tag: 'created',
        issues: [{ path: 'payload.id' }, { path: 'payload.quantity', reason: expect.any(String) }],
      });
      return mq.publish(Orders, { tag: 'created', payload: order }, { manager });
    });
    expect(published.messages).toHaveLength(1);
    const errors = await Promise.all([
      refusalOf(
        mq.publishAll(
          [
            { topic: 'orders', payload: 1 },
            { topic: Deadlines, payload: {} as never },
          ],
          own,
        ),
      ),
      refusalOf(mq.sendDirect(Orders, { tag: 'reserved', payload: { id: 4_111_111 } as never })),
      refusalOf(mq.publish(Orders, { tag: 'counted', payload: { id: 'A-1', amount: 'secret' } as never }, own)),
      refusalOf(mq.publish(Orders, { tag: 'stocked', payload: { sku: 'none' } }, own)),
    ]);
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'MQ_PAYLOAD_INVALID'));
    const texts = errors.map(({ message }) => message).join('\n');
    expect(texts).toContain(
      "publishAll('deadlines'), message 2 of 2: the payload does not fit the schema: payload.id:",
    );
    expect(texts).toContain("sendDirect('orders'): the payload does not fit the schema of tag 'reserved': payload.id:");
    expect(texts).toContain('payload.amount: must be');
    expect(texts).toContain('payload: no such sku');
    expect(texts).not.toMatch(/secret|4_?111/);
    expect(await dataSource.getRepository(MqStatusLog).countBy({ key: published.messages[0]!.key })).toBe(1);
  });

  it('parks what does not fit before the handler runs, and what has a tag without a schema', async () => {
    const { mq, admin } = await boot();
    await mq.publish('orders', { tag: 'created', key: 'unfit', payload: { id: 'A-1' } }, own);
    await mq.publish('orders', { tag: 'shipped', key: 'unknown', payload: 1 }, own);
    const parked = async () => (await admin.find({ side: 'consume' })).filter(({ status }) => status === 'PARKED');
    await eventually(async () => (await parked()).length === 2);
    const [unfit, unknown] = ['unfit', 'unknown'].map(async (key) => (await parked()).find((row) => row.key === key)!);
    expect(await unfit).toMatchObject({ errorCode: 'MQ_PAYLOAD_INVALID', attempts: 1 });
    expect((await unfit)!.errorMessage).toContain('payload.quantity: ');
    expect(await unknown).toMatchObject({ errorCode: 'MQ_UNMATCHED' });
    expect(seen).toEqual([]);
  });

  it('is checked while an application is written and when it boots', async () => {
    expect(() => defineTopic('orders', { created: {} } as never)).toThrow("what stands under 'created' is no Standard");
    expect(() => defineTopic('orders', undefined as never)).toThrow('https://standardschema.dev');
    class Misspelt {
      @MqConsumer(Orders, 'stock', { tags: ['creatd' as never] })
      handle(): void {}
    }
    const booted = bootMq(
      db,
      {
        transport: memoryTransport(),
        topics: { orders: { topic: 'shop_orders' } },
        groups: { stock: { groupId: 'GID' } },
      },
      { providers: [Misspelt] },
    );
    expect((await refusalOf(booted)).message).toContain(
      "Misspelt.handle: topic 'orders' has no schema for 'creatd', but for created, reserved, counted, stocked",
    );
    const { mq } = await boot();
    const misspelt = await refusalOf(mq.publish(Orders, { tag: 'creatd', payload: order } as never, own));
    expect(misspelt.message).toContain("tag 'creatd' has no schema, did you mean created?");
    expect((await refusalOf(mq.publish(Orders, { payload: order } as never, own))).message).toContain('tag is missing');
  });
});

describe('two versions of a payload', () => {
  const Old = defineTopic('orders', { created: z.object({ id: z.string(), amount: z.number() }) });
  const price = z.object({ value: z.number(), currency: z.string() });
  const New = defineTopic('orders', {
    created: z.object({
      id: z.string(),
      amount: z.union([price, z.number().transform((value) => ({ value, currency: 'EUR' }))]),
    }),
  });

  it('live side by side during a rolling deploy', async () => {
    const got: unknown[] = [];
    class OldConsumer {
      @MqConsumer(Old, 'old')
      handle({ payload }: MqMessageOf<typeof Old>): void {
        got.push(['old', payload.amount]);
      }
    }
    class NewConsumer {
      @MqConsumer(New, 'new')
      handle({ payload }: MqMessageOf<typeof New>): void {
        got.push(['new', payload.amount.value, payload.amount.currency]);
      }
    }
    const app = await bootMq(
      db,
      {
        transport: memoryTransport(),
        topics: { orders: { topic: 'shop_orders' } },
        groups: { old: { groupId: 'GID_old' }, new: { groupId: 'GID_new' } },
      },
      { providers: [OldConsumer, NewConsumer] },
    );
    const mq = app.get(MqProducerService);
    const admin = app.get(MqAdminService);
    await mq.publish(Old, { tag: 'created', payload: { id: 'A-1', amount: 5 } }, own);
    await eventually(() => got.length === 2);
    // The publisher comes last. What an old consumer gets too early is parked, and not lost.
    await mq.publish(
      New,
      { tag: 'created', key: 'early', payload: { id: 'A-2', amount: { value: 6, currency: 'USD' } } },
      own,
    );
    await eventually(
      async () => got.length === 3 && (await admin.find({ key: 'early', status: 'PARKED' })).length === 1,
    );
    expect(got).toEqual(expect.arrayContaining([['old', 5], ['new', 5, 'EUR'], ['new', 6, 'USD']])); // prettier-ignore
  });
});

/** Compiled and never called: what must not compile is an error of the type check if it does. */
export function typesOf(mq: MqProducerService): unknown[] {
  const NotChecked = defineTopic<{ id: string }>('plain');
  const generic = <P>(topic: MqTopic<P>, payload: P) => mq.publish(topic, { payload });
  const created: MqMessageOf<typeof Orders, 'created'> extends MqMessage<{ id: string; quantity: number; at?: Date }>
    ? true
    : false = true;
  return [
    created,
    generic(NotChecked, { id: 'A-1' }),
    mq.publish(NotChecked, { payload: { id: 'A-1' } }),
    mq.publish(Orders, [1, 2].map((quantity) => ({ tag: 'created', payload: { id: 'A-1', quantity } }))), // prettier-ignore
    mq.publishAll([{ topic: 'orders', payload: 1 }, { topic: NotChecked, payload: { id: 'A-1' } }]), // prettier-ignore
    // @ts-expect-error -- no such tag
    mq.publish(Orders, { tag: 'creatd', payload: order }),
    // @ts-expect-error -- the tag is missing
    mq.publish(Orders, { payload: order }),
    // @ts-expect-error -- the payload of another tag
    mq.publish(Orders, { tag: 'reserved', payload: { amount: 1 } }),
    // @ts-expect-error -- a field is missing
    mq.publish(Orders, { tag: 'created', payload: { id: 'A-1' } }),
    // @ts-expect-error -- quantity is a number
    mq.publish(Orders, [{ tag: 'created', payload: { id: 'A-1', quantity: '2' } }]),
    // @ts-expect-error -- an unknown field
    mq.publish(Orders, { tag: 'created', payload: order, tags: [] }),
    // @ts-expect-error -- id is a string
    mq.publish(Deadlines, { payload: { id: 1 } }),
    // @ts-expect-error -- amount is a number
    mq.sendDirect(Orders, { tag: 'counted', payload: { id: 'A-1', amount: '1' } }),
    // @ts-expect-error -- id is a string
    mq.publishAll([{ topic: Orders, tag: 'created', payload: { id: 1, quantity: 1 } }]),
    // @ts-expect-error -- id is a string
    mq.publish(NotChecked, { payload: { id: 1 } }),
    // @ts-expect-error -- no such tag
    MqConsumer(Orders, 'stock', { tags: 'shipped' }),
  ];
}
