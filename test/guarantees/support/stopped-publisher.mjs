// A program that publishes one message and stops itself, as `kill -STOP` does, between COMMIT and send.
// Whoever started it lets it go on with SIGCONT; it then prints what became of its message, and ends.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { DataSource, EventSubscriber } from 'typeorm';

const { DATABASE_TYPE, DATABASE_URL: url, MQ_ENDPOINT: endpoint } = /** @type {Record<string, string>} */ (process.env);
const type = DATABASE_TYPE === 'postgres' ? 'postgres' : 'mysql';
let armed = false;

class StopsAfterCommit {
  afterTransactionCommit() {
    if (!armed) return;
    armed = false;
    console.log('committed');
    process.kill(process.pid, 'SIGSTOP');
  }
}
EventSubscriber()(StopsAfterCommit);

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type, url, autoLoadEntities: true, retryAttempts: 0, subscribers: [StopsAfterCommit] }),
    MqModule.forRoot({
      transport: aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test', requestTimeout: '500ms' }),
      topics: { orders: { topic: 'shop_orders' } },
      role: 'api',
      migrate: true,
      // As short as sends of half a second allow.
      reproduce: { lease: '1s' },
    }),
  ],
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: false });
const publication = await app.get(DataSource).transaction((manager) => {
  armed = true;
  return app.get(MqProducerService).publish('orders', { payload: 'stopped' }, { manager });
});
console.log(JSON.stringify(await publication.sent()));
await app.close();
