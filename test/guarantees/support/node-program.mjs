// A process of an application with all roles: it says what it handles and which pauses it learns of, and after SIGUSR2 how many
// messages one pass of its relay takes.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqConsumer, MqEvents, MqModule, ReproduceService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';

const { DATABASE_TYPE, DATABASE_URL: url, MQ_ENDPOINT: endpoint } = /** @type {Record<string, string>} */ (process.env);
const type = DATABASE_TYPE === 'postgres' ? 'postgres' : 'mysql';

class Handles {
  /** @param {{ payload: unknown }} message */
  handle({ payload }) {
    console.log(`handled ${JSON.stringify(payload)}`);
  }
}
MqConsumer('orders', 'stock')(Handles);

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type, url, autoLoadEntities: true, retryAttempts: 0 }),
    MqModule.forRoot({
      transport: aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' }),
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock' } },
      migrate: true,
      reproduce: { idle: '100ms' },
    }),
  ],
  providers: [Handles],
})(App);

const app = await NestFactory.create(App, { logger: false });
app.enableShutdownHooks(['SIGTERM']);
app
  .get(MqEvents)
  .on('pause.changed', ({ target, paused }) => console.log(`${target} ${paused ? 'paused' : 'goes on'}`));
const pass = async () => console.log(JSON.stringify(await app.get(ReproduceService).runOnce()));
process.on('SIGUSR2', () => void pass());
await app.init();
console.log('ready');
