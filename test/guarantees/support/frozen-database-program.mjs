// An application whose database freezes at a step that `SCENE` names. It prints `ready` when it is at that step, and ends by
// Nest's shutdown hooks, as any other.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqAdminService, MqConsumer, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { DataSource } from 'typeorm';

const { DATABASE_TYPE: type, DATABASE_URL: url, SCENE: scene } = process.env;
let working = () => undefined;

class Stock {
  async handle(message, { manager }) {
    working();
    if (message.payload === 'slow') {
      for (;;) {
        await manager.query('SELECT 1');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}
MqConsumer('orders', 'stock')(Stock);

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type, url, autoLoadEntities: true, retryAttempts: 0, poolSize: 5 }),
    MqModule.forRoot({
      transport: memoryTransport({ profile: 'http' }),
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock' } },
      shutdown: { drain: '1s' },
      reproduce: { idle: '50ms' },
      migrate: true,
    }),
  ],
  providers: [Stock],
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
app.enableShutdownHooks([], { useProcessExit: true });
const mq = app.get(MqProducerService);
const dataSource = app.get(DataSource);
const most = type === 'postgres' ? dataSource.driver.master.options.max : dataSource.driver.pool.config.connectionLimit;
const publish = (payload, orderingKey) => mq.publish('orders', { payload, orderingKey }, { transaction: 'own' });

/** Messages without end, of which some are always being published, sent, marked and handled. */
async function flow(orderingKey) {
  for (let n = 0; ; n++) await publish(n, orderingKey).catch(() => new Promise((resolve) => setTimeout(resolve, 50)));
}

const scenes = {
  idle: () => undefined,
  flow: async () => {
    const busy = new Promise((resolve) => (working = resolve));
    for (let n = 0; n < 3; n++) void flow(n === 0 ? 'key' : undefined);
    await busy;
  },
  handler: async () => {
    const busy = new Promise((resolve) => (working = resolve));
    await publish('slow');
    await busy;
  },
  // Every connection of the pool is somebody's, and the database is well.
  exhausted: async () => {
    await Promise.all(Array.from({ length: most }, () => dataSource.createQueryRunner().connect()));
  },
};
await scenes[scene]();
console.log('ready');

process.on('SIGUSR2', () => {
  const began = performance.now();
  void app
    .get(MqAdminService)
    .health()
    .then((health) => console.log(JSON.stringify({ ...health, tookMs: Math.round(performance.now() - began) })));
});
process.on('exit', (code) => console.log(`exit ${code}`));
