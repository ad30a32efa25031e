import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { getMqEventsToken, MqModule, ReproduceService } from 'nestjs-reliable-mq';
import { DataSource } from 'typeorm';
import { within } from '../harness/within.mjs';
import { TOPIC } from './messages.mjs';

/** @typedef {import('nestjs-reliable-mq').MqModuleOptions} MqModuleOptions */
/** @typedef {import('./databases.mjs').Database} Database */
/** @typedef {Omit<MqModuleOptions, 'topics'> & Partial<Pick<MqModuleOptions, 'topics'>>} BenchOptions */

const LIMIT_MS = 60_000;

/** An application with the module on its own database, as a user would have it, and the handles that scenarios need. */
export class Application {
  /**
   * The default role does not relay by itself, so that a scenario decides when that begins.
   *
   * @param {object} of
   * @param {Database} of.database
   * @param {BenchOptions} of.mq options of the module besides the topic
   * @param {import('@nestjs/common').Provider[]} [of.providers]
   * @param {number} [of.poolSize]
   * @param {import('typeorm').Logger} [of.logger] of TypeORM
   */
  static async boot({ database, mq, providers = [], poolSize = 10, logger }) {
    class BenchModule {}
    Module({
      imports: [
        TypeOrmModule.forRoot({
          ...database.options,
          poolSize,
          autoLoadEntities: true,
          retryAttempts: 0,
          ...(logger && { logger, logging: true }),
        }),
        MqModule.forRoot({
          topics: { [TOPIC]: { topic: TOPIC } },
          role: 'api',
          migrate: true,
          shutdown: { drain: '1s' },
          ...mq,
        }),
      ],
      providers,
    })(BenchModule);
    const context = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'], abortOnError: false });
    return new Application(context, database, mq.transport.identity);
  }

  /**
   * @param {import('@nestjs/common').INestApplicationContext} context
   * @param {Database} database
   * @param {string} broker
   */
  constructor(context, database, broker) {
    this.broker = broker;
    this.context = context;
    this.database = database;
    this.dataSource = context.get(DataSource);
    /** @type {import('nestjs-reliable-mq').MqEvents} */
    this.events = context.get(getMqEventsToken());
    this.reproduce = context.get(ReproduceService);
  }

  /**
   * @template Provider
   * @param {{ prototype: Provider }} token a class
   * @returns {Provider}
   */
  get(token) {
    return this.context.get(/** @type {import('@nestjs/common').Type<Provider>} */ (token));
  }

  /**
   * @param {string} sql
   * @param {unknown[]} [parameters]
   */
  query(sql, parameters) {
    return this.dataSource.query(sql, parameters);
  }

  /**
   * Does `work`, and waits until this event has come `count` times.
   *
   * @param {keyof import('nestjs-reliable-mq').MqEventMap} event
   * @param {number} count
   * @param {() => unknown} work
   */
  async until(event, count, work) {
    let seen = 0;
    /** @type {(() => void) | undefined} */
    let forget;
    /** @type {Promise<void>} */
    const all = new Promise((resolve) => {
      forget = this.events.on(event, () => {
        if (++seen === count) resolve();
      });
    });
    try {
      await work();
      await within(LIMIT_MS, `${count} times ${event} on ${this.database.server.label} (${seen} seen)`, all);
    } finally {
      forget?.();
    }
  }

  /**
   * Relays until `count` rows are sent and marked.
   *
   * @param {number} count
   */
  async drain(count) {
    const startedAt = performance.now();
    await this.until('message.sent', count, () => this.reproduce.start());
    const ms = performance.now() - startedAt;
    await this.reproduce.stop();
    return { count, ms };
  }

  close() {
    return this.context.close();
  }
}
