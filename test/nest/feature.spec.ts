import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import {
  MqConsumer,
  MqConsumerService,
  type MqLogger,
  type MqMessage,
  MqModule,
  MqProducerService,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

const db = mqDatabase();
const own = { transaction: 'own' } as const;
const options = () => ({
  transport: memoryTransport(),
  topics: { orders: { topic: 'shop_orders' } },
  groups: { stock: { groupId: 'GID_stock' } },
});
const seen: string[] = [];

class ReserveStock {
  @MqConsumer('orders', 'stock')
  handle({ group }: MqMessage): void {
    seen.push(group);
  }
}

class SendMails {
  constructor(private readonly mq: MqProducerService) {}

  @MqConsumer('orders', 'mailer')
  async handle({ group }: MqMessage): Promise<void> {
    seen.push(group);
    await this.mq.publish('mails', { payload: 1 });
  }

  @MqConsumer('mails', 'mailer')
  sent(): void {
    seen.push('mail');
  }
}

const mails = MqModule.forFeature({
  topics: { mails: { topic: 'shop_mails' } },
  groups: { mailer: { groupId: 'GID_mailer' } },
});

@Module({ imports: [mails], providers: [{ provide: SendMails, inject: [MqProducerService], useFactory: (mq: MqProducerService) => new SendMails(mq) }] }) // prettier-ignore
class MailModule {}

beforeEach(() => (seen.length = 0));

it('a module brings its own topics and groups, and may be imported by several', async () => {
  @Module({ imports: [MailModule] })
  class Other {}
  const app = await bootMq(db, options(), { imports: [MailModule, Other], providers: [ReserveStock] });
  await app.get(MqProducerService).publish('orders', { payload: 1 }, own);
  await eventually(() => seen.length === 3);
  expect(seen.toSorted()).toEqual(['mail', 'mailer', 'stock']);
  // What comes later comes too late.
  @Module({ imports: [MqModule.forFeature({ topics: { late: { topic: 'late' } } })] })
  class Late {}
  await expect(app.get(LazyModuleLoader).load(() => Late)).rejects.toThrow(
    "MqModule.forFeature() brings 'late' after the connection 'default' was made",
  );
});

it('what two places bring, or bring to nobody, is refused with the places', async () => {
  @Module({
    imports: [MqModule.forFeature({ topics: { orders: { topic: 'x' } }, groups: { mailer: { groupId: 'y' } } })],
  })
  class Twice {}
  await expect(bootMq(db, options(), { imports: [MailModule, Twice] })).rejects.toMatchObject({
    code: 'MQ_CONFIG_INVALID',
    details: {
      problems: [
        'topics.orders: stands in MqModule.forRoot() and in MqModule.forFeature() of Twice; keep one of them',
        'groups.mailer: stands in MqModule.forFeature() of MailModule and in MqModule.forFeature() of Twice; keep one of them',
      ],
    },
  });
  const nowhere = MqModule.forFeature({ name: 'billing', topics: { invoices: { topic: 'x' } } });
  await expect(bootMq(db, options(), { imports: [nowhere] })).rejects.toThrow(
    "MqModule.forFeature() brings 'invoices' to the connection 'billing', but no MqModule has that name. Known: default",
  );
});

it('a process may consume some groups alone', async () => {
  const lines: string[] = [];
  const note = (line: unknown): void => void lines.push(String(line));
  const logger: MqLogger = { log: note, warn: note, error: note };
  const transport = memoryTransport();
  const worker = await bootMq(
    db,
    { ...options(), transport, role: 'worker', consume: { groups: 'mailer' }, log: { logger } },
    { imports: [MailModule], providers: [ReserveStock] },
  );
  await worker.get(MqProducerService).publish('orders', { payload: 1 }, own);
  await eventually(() => seen.includes('mail'));
  expect(seen).toEqual(['mailer', 'mail']);
  expect(worker.get(MqConsumerService).handlers()).toHaveLength(3);
  expect(lines.filter((line) => line.includes(' <- '))).toEqual([
    expect.stringContaining('SendMails.handle <- orders (group mailer'),
    expect.stringContaining('SendMails.sent <- mails (group mailer'),
  ]);
  expect(lines[0]).toContain('publishes, consumes mailer:');
  expect(lines.join('\n')).not.toContain('stock');
  await expect(bootMq(db, { ...options(), consume: { groups: ['stok'] } }, {})).rejects.toThrow(
    "consume.groups: no group 'stok' is configured, did you mean 'stock'? Known: stock",
  );
});
