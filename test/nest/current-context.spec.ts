import 'reflect-metadata';
import { Injectable, Scope } from '@nestjs/common';
import { currentMqContext, MqConsumer, MqContext, type MqMessage, MqProducerService } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

const db = mqDatabase();

it('what a handler calls finds the context of its own delivery, and may have it injected', async () => {
  const seen: unknown[] = [];

  @Injectable()
  class Single {
    async told(): Promise<MqContext | undefined> {
      await new Promise((resolve) => setImmediate(resolve));
      return currentMqContext();
    }
  }

  @Injectable({ scope: Scope.REQUEST })
  class PerMessage {
    constructor(readonly context: MqContext) {}
  }

  @MqConsumer('orders', 'stock')
  @Injectable()
  class ReserveStock {
    constructor(
      private readonly single: Single,
      private readonly perMessage: PerMessage,
    ) {}

    async handle({ payload }: MqMessage, context: MqContext): Promise<void> {
      seen.push([payload, (await this.single.told()) === context, this.perMessage.context === context]);
    }
  }

  const app = await bootMq(
    db,
    {
      transport: memoryTransport(),
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock' } },
    },
    { providers: [Single, PerMessage, ReserveStock] },
  );
  const messages = [{ payload: 1 }, { payload: 2 }, { payload: 3 }];
  await app.get(MqProducerService).publish('orders', messages, { transaction: 'own' });
  await eventually(() => seen.length === 3);
  expect(seen).toEqual(expect.arrayContaining([1, 2, 3].map((payload) => [payload, true, true])));
  expect(currentMqContext()).toBeUndefined();
});
