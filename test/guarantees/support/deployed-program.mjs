// A version of an application that publishes payments and handles them, as the guide on publishing changes it. `VERSION` is `old`,
// `both` (takes both forms, publishes the old one) or `new`. It publishes until SIGUSR2, and says so.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { defineTopic, MqConsumer, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { z } from 'zod';

const { VERSION, DATABASE_URL: url, MQ_ENDPOINT: endpoint } = /** @type {Record<string, string>} */ (process.env);
const PAUSE_MS = 200;

const Price = z.object({ value: z.number(), currency: z.string() });
const Amount = z.union([Price, z.number().transform((value) => ({ value, currency: 'EUR' }))]);
const Payments = defineTopic('payments', {
  received: z.object({ id: z.string(), amount: VERSION === 'old' ? z.number() : Amount }),
});

class Books {
  /**
   * @param {import('nestjs-reliable-mq').MqMessage<{ amount: unknown }>} message
   * @param {import('nestjs-reliable-mq').MqContext} context
   */
  async handle({ id, payload }, { manager }) {
    const form = typeof payload.amount === 'number' ? 'number' : 'price';
    await manager.query('INSERT INTO booked (id, version, form) VALUES ($1, $2, $3)', [id, VERSION, form]);
  }
}
MqConsumer(Payments, 'books')(/** @type {never} */ (Books));

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url, autoLoadEntities: true, retryAttempts: 0 }),
    MqModule.forRoot({
      transport: aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' }),
      topics: { payments: { topic: 'shop_payments' } },
      groups: { books: { groupId: 'GID_books' } },
      migrate: true,
      consume: { timeout: '5s' },
    }),
  ],
  providers: [Books],
})(App);

const app = await NestFactory.create(App, { logger: false });
app.enableShutdownHooks(['SIGTERM']);
await app.init();

let goesOn = true;
for (const signal of ['SIGUSR2', 'SIGTERM']) process.once(signal, () => (goesOn = false));
console.log('ready');
const mq = app.get(MqProducerService);
for (let n = 1; goesOn; n++) {
  const amount = VERSION === 'new' ? { value: n, currency: 'CNY' } : n;
  try {
    await mq.publish(Payments, { tag: 'received', payload: { id: `${VERSION}-${n}`, amount } }, { transaction: 'own' });
  } catch (error) {
    // The application may have been closed meanwhile, and nothing was published then.
    if (goesOn) throw error;
  }
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
console.log('silent');
