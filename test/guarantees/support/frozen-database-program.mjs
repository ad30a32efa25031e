// An application whose database freezes at a step that `SCENE` names. It prints `ready` when it is at that step, and ends by
// Nest's shutdown hooks, as any other.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqAdminService, MqConsumer, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { DataSource } from 'typeorm';

/** @typedef {import('nestjs-reliable-mq').MqMessage<unknown>} Message */

const { DATABASE_TYPE, DATABASE_URL: url, SCENE: scene } = /** @type {Record<string, string>} */ (process.env);
const type = DATABASE_TYPE === 'postgres' ? 'postgres' : 'mysql';
/** @type {(value?: unknown) => void} */
let working = () => undefined;

class Stock {
  /**
   * @param {Message} message
   * @param {import('nestjs-reliable-mq').MqContext} options
   */
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
/**
 * Of a pool of `pg`, or of `mysql2`.
 *
 * @typedef {{ master: { options: { max: number } }, pool: { config: { connectionLimit: number } } }} Pools
 */
const { master, pool } = /** @type {Pools} */ (/** @type {unknown} */ (dataSource.driver));
const most = type === 'postgres' ? master.options.max : pool.config.connectionLimit;
/**
 * @param {unknown} payload
 * @param {string} [orderingKey]
 */
const publish = (payload, orderingKey) => mq.publish('orders', { payload, orderingKey }, { transaction: 'own' });

/**
 * Messages without end, of which some are always being published, sent, marked and handled.
 *
 * @param {string | undefined} orderingKey
 */
async function flow(orderingKey) {
  for (let n = 0; ; n++) await publish(n, orderingKey).catch(() => new Promise((resolve) => setTimeout(resolve, 50)));
}

/** @type {Record<string, () => unknown>} */
const scenes = {
  idle: () => undefined,
  // A message is published in its own transaction after the database froze: see below.
  publish: () => undefined,
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
  if (scene === 'publish') void publish('late').catch(() => undefined);
  const began = performance.now();
  void app
    .get(MqAdminService)
    .health()
    .then((health) => console.log(JSON.stringify({ ...health, tookMs: Math.round(performance.now() - began) })));
});
process.on('exit', (code) => console.log(`exit ${code}`));
