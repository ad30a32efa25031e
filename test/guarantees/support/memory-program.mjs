// A program with a small heap that sends large messages: `drain` those that are due in the database, `burst` what it
// publishes itself. It prints `done` and ends when nothing is left to send.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { DataSource } from 'typeorm';
import { peakMemoryMib } from '../../support/peak-memory.mjs';

const {
  DATABASE_TYPE,
  DATABASE_URL: url,
  MQ_ENDPOINT: endpoint,
  MODE: mode,
  COUNT: count,
  BYTES: bytes,
} = /** @type {Record<string, string>} */ (process.env);
const type = DATABASE_TYPE === 'postgres' ? 'postgres' : 'mysql';

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type, url, autoLoadEntities: true, retryAttempts: 0 }),
    MqModule.forRoot({
      transport: aliyunHttp({ endpoint, accessKeyId: 'test', accessKeySecret: 'test' }),
      topics: { orders: { topic: 'shop_orders' } },
      migrate: true,
      reproduce: { idle: '200ms' },
    }),
  ],
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
const dataSource = app.get(DataSource);
const mq = app.get(MqProducerService);

if (mode === 'burst') {
  let next = 0;
  // As many at once as the pool has connections. Nobody waits for the broker.
  const publisher = async () => {
    while (next < Number(count)) {
      const n = next++;
      await dataSource.transaction((manager) =>
        mq.publish('orders', { key: `k${n}`, payload: n + 'x'.repeat(Number(bytes)) }, { manager }),
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, publisher));
}
console.log('published');
for (;;) {
  const [{ left }] = await dataSource.query(
    `SELECT COUNT(*) AS "left" FROM mq_status_log WHERE due_at IS NOT NULL`.replaceAll(
      '"',
      type === 'mysql' ? '`' : '"',
    ),
  );
  if (Number(left) === 0) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
console.log(`done, ${peakMemoryMib()} MiB at most`);
await app.close();
