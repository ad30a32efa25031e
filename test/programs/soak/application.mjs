// The system under test: an ordinary Nest application on the built library, in the process that also looks at it.
import 'reflect-metadata';
import { createHistogram } from 'node:perf_hooks';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { getMqEventsToken, MqConsumer, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { DataSource } from 'typeorm';
import { GROUP, TOPIC } from './names.mjs';

/** @typedef {{ endpoint: string, databaseUrl: string, poolSize: number, retention: import('nestjs-reliable-mq').RetentionSettings }} SoakOptions */

/**
 * What may happen once in a while, and is told by how often it did.
 *
 * @type {(keyof import('nestjs-reliable-mq').MqEventMap)[]}
 */
const INCIDENTS = [
  'message.rescheduled',
  'message.parked',
  'lease.lost',
  'circuit.opened',
  'loop.failed',
  'delivery.duplicate',
  'delivery.failed',
  'delivery.parked',
  'delivery.released',
  'ack.failed',
  'handler.stuck',
];

export class SoakApplication {
  /** @type {import('@nestjs/common').INestApplicationContext} Made from a module that knows this object. */
  context;
  /** @type {DataSource} */
  dataSource;
  /** @type {MqProducerService} */
  producer;
  published = 0;
  handled = 0;
  /** @type {Record<string, number>} */
  incidents = {};
  /** Of the messages that were handled since the last look: milliseconds from `publish()` to the handler's effect. */
  latency = createHistogram();

  /** @param {SoakOptions} options */
  static async boot(options) {
    const soak = new SoakApplication();
    const context = await NestFactory.createApplicationContext(moduleOf(soak, options), {
      logger: ['error', 'warn'],
      abortOnError: false,
    });
    soak.context = context;
    soak.dataSource = context.get(DataSource);
    soak.producer = context.get(MqProducerService);
    /** @type {import('nestjs-reliable-mq').MqEvents} */
    const events = context.get(getMqEventsToken());
    events.on('delivery.handled', () => (soak.handled += 1));
    for (const name of INCIDENTS) events.on(name, () => (soak.incidents[name] = (soak.incidents[name] ?? 0) + 1));
    return soak;
  }

  /**
   * One business transaction: a row of its own, and the message that tells of it.
   *
   * @param {number} n
   */
  async publish(n) {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('INSERT INTO soak_ledger (n) VALUES ($1)', [n]);
      await this.producer.publish(TOPIC, { payload: { n, at: Date.now(), note: 'x'.repeat(200) } }, { manager });
    });
    this.published += 1;
  }

  get backlog() {
    return this.published - this.handled;
  }

  close() {
    return this.context.close();
  }
}

/**
 * @param {SoakApplication} soak
 * @param {SoakOptions} options
 */
function moduleOf(soak, { endpoint, databaseUrl, poolSize, retention }) {
  class RecordEffect {
    /**
     * @param {import('nestjs-reliable-mq').MqMessage<{ n: number, at: number }>} options
     * @param {import('nestjs-reliable-mq').MqContext} options
     */
    async handle({ payload: { n, at } }, { manager }) {
      await manager.query('INSERT INTO soak_effect (n) VALUES ($1)', [n]);
      soak.latency.record(Math.max(1, Date.now() - at));
    }
  }
  MqConsumer(TOPIC, GROUP)(RecordEffect);

  class SoakModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, poolSize, autoLoadEntities: true, retryAttempts: 0 }),
      MqModule.forRoot({
        transport: rocketmq({ endpoints: endpoint }),
        topics: { [TOPIC]: { topic: TOPIC } },
        groups: { [GROUP]: { groupId: GROUP, concurrency: 16 } },
        migrate: true,
        retention,
      }),
    ],
    providers: [RecordEffect],
  })(SoakModule);
  return SoakModule;
}
