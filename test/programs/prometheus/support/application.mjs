// One process of an application that exports metrics: it publishes, relays or handles, as its role says, and does what it is
// told over HTTP.
import 'reflect-metadata';
import { createServer } from 'node:http';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqAdminService, MqConsumer, MqModule, MqProducerService, PermanentError } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { MqPrometheusModule } from 'nestjs-reliable-mq/prometheus';
import { collectDefaultMetrics, register } from 'prom-client';

const { DATABASE_URL = '', MQ_ENDPOINT, ROLE, CONSUMES = '' } = process.env;
/** What each group reads. */
const TOPIC_OF = /** @type {Record<string, string>} */ ({ stock: 'orders', audit: 'orders', reports: 'reports' });

let clockShift = 0;
const { now } = Date;
Date.now = () => now() + clockShift;

collectDefaultMetrics();
let measurements = 0;

/** Counts what only the process does that has the duty. */
const logger = {
  /** @param {string} query */
  logQuery: (query) => void (measurements += /GROUP BY e\.topic_alias/.test(query) ? 1 : 0),
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/** @param {string} group */
function handlerOf(group) {
  class Handler {
    /** @param {{ payload: { failIn?: string, ms?: number } }} message */
    async handle({ payload: { failIn, ms } }) {
      if (failIn === group) throw new PermanentError('planted');
      if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
  MqConsumer(/** @type {string} */ (TOPIC_OF[group]), group)(Handler);
  return Handler;
}

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: DATABASE_URL.startsWith('postgres') ? 'postgres' : 'mysql',
      url: DATABASE_URL,
      autoLoadEntities: true,
      retryAttempts: 0,
      logging: ['query'],
      logger,
    }),
    MqModule.forRoot({
      transport: aliyunHttp({
        endpoint: /** @type {string} */ (MQ_ENDPOINT),
        accessKeyId: 'test',
        accessKeySecret: 'test',
        identity: 'monitored',
      }),
      topics: {
        orders: { topic: 'shop_orders' },
        reports: { topic: 'shop_reports' },
        bills: { topic: 'shop_bills' },
      },
      groups: {
        stock: { groupId: 'GID_stock', timeout: '10s', concurrency: 8 },
        audit: { groupId: 'GID_audit', timeout: '30s' },
        reports: { groupId: 'GID_reports', timeout: '8s', concurrency: 16 },
      },
      role: ROLE,
      migrate: true,
      retention: { sent: '1d' },
      log: { logger: { log: () => undefined, warn: () => undefined, error: () => undefined } },
    }),
    MqPrometheusModule.forRoot({ every: '2s' }),
  ],
  providers: CONSUMES.split(',').filter(Boolean).map(handlerOf),
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
app.enableShutdownHooks();
const mq = app.get(MqProducerService);

/** @type {Record<string, (parameters: URLSearchParams) => unknown>} */
const ROUTES = {
  '/metrics': () => register.metrics(),
  '/measurements': () => String(measurements),
  '/publish': async (parameters) => {
    const payload = JSON.parse(parameters.get('payload') ?? '{}');
    const left = Number(parameters.get('n') ?? 1);
    for (let sent = 0; sent < left; sent += 100) {
      const some = Array.from({ length: Math.min(100, left - sent) }, () => ({ payload }));
      await mq.publish(parameters.get('topic') ?? 'orders', some, { transaction: 'own' });
    }
    return 'published';
  },
  '/prune': async () => JSON.stringify(await app.get(MqAdminService).prune({ reason: 'test' })),
  '/shift-clock': (parameters) => {
    clockShift = Number(parameters.get('ms'));
    return 'shifted';
  },
  // Held up a little at a time, so that the process can still be asked.
  '/hold-up': async (parameters) => {
    for (let times = Number(parameters.get('times')); times > 0; times--) {
      const until = performance.now() + Number(parameters.get('ms'));
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return 'over';
  },
};
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  Promise.resolve(ROUTES[pathname]?.(searchParams)).then(
    (text) => response.end(text),
    (error) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`listening on 127.0.0.1:${address.port}`);
});
process.once('SIGTERM', () => server.close());
