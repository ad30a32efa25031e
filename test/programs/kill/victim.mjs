// One process of the system under test: an ordinary Nest application on the built library. It is killed at any moment.
import 'reflect-metadata';
import { randomInt } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqConsumer, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { defer, throwError } from 'rxjs';
import { DataSource } from 'typeorm';
import { FOREIGN } from './foreign-producer.mjs';

/** @typedef {import('typeorm').EntityManager} EntityManager */
/** @typedef {(manager: EntityManager) => Promise<unknown>} Work */

const { DATABASE_URL, MQ_ENDPOINT, TRANSPORT, PUBLISH, ...env } = /** @type {Record<string, string>} */ (process.env);
const ROLE = /** @type {'api' | 'worker' | 'relay'} */ (env.ROLE);
const KEYS = 8;
const PAUSE_MS = 80;
/** More than come together while the broker starts again. A machine that is slower than the publishers ends up here. */
const BACKLOG = 300;

process.on('unhandledRejection', (error) => {
  console.error('UNHANDLED', error);
  process.exit(70);
});

/** @type {Record<string, () => import('nestjs-reliable-mq').MqTransport>} */
const TRANSPORTS = {
  // A send takes at most two thirds of the lease of a row, or boot refuses.
  'aliyun-http': () =>
    aliyunHttp({
      endpoint: `http://${MQ_ENDPOINT}`,
      accessKeyId: 'test',
      accessKeySecret: 'test',
      requestTimeout: '6s',
      // Each process sees the one broker at an address of its own.
      identity: 'kill',
    }),
  rocketmq: () => rocketmq({ endpoints: MQ_ENDPOINT, connectTimeout: '1s', requestTimeout: '4s', identity: 'kill' }),
};
const GROUP = { timeout: '1s', backoff: { base: '50ms', cap: '200ms' } };

/** What code of a user may throw, or hand back as a failure; every sixth attempt ends with one of them. */
const ODD_FAILURES = [
  () => undefined,
  () => Symbol('odd'),
  () => Object.create(null),
  () => Object.assign(new Error('odd'), { message: { nested: true } }),
  () => new AggregateError([new Error('one'), null], 'odd'),
  () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error('nobody looks into me');
        },
        getPrototypeOf() {
          throw new Error('nor at what I am');
        },
      },
    ),
];
const oddFailure = () => ODD_FAILURES[randomInt(ODD_FAILURES.length)]();

class RecordEffect {
  /**
   * By turns as a promise and as an observable, which does nothing before somebody subscribes.
   *
   * @param {import('nestjs-reliable-mq').MqMessage<{ n: number }>} message
   * @param {import('nestjs-reliable-mq').MqContext} options
   */
  handle(message, { manager }) {
    const record = async () => {
      const { n } = message.payload;
      const id = message.key.startsWith(FOREIGN) ? message.key : message.id;
      await manager.query(
        `INSERT INTO kill_effect (group_name, message_id, n) VALUES ('${message.group}', '${id}', ${Number(n)})`,
      );
      // After the effect, which has to be undone.
      if (randomInt(6) === 0) throw oddFailure();
    };
    if (randomInt(2) === 0) return record();
    return randomInt(12) === 0 ? throwError(oddFailure) : defer(record);
  }
}
MqConsumer('plain', 'effects')(RecordEffect);
MqConsumer('ledger', 'orderedEffects')(RecordEffect);

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: DATABASE_URL.startsWith('postgres') ? 'postgres' : 'mysql',
      url: DATABASE_URL,
      autoLoadEntities: true,
      // Long enough for a server that is busy with the connections of whoever was killed before.
      retryAttempts: 5,
      retryDelay: 200,
    }),
    MqModule.forRoot({
      transport: TRANSPORTS[TRANSPORT](),
      topics: { plain: { topic: 'kill_plain' }, ledger: { topic: 'kill_ledger', ordered: true } },
      // One for each topic: at RocketMQ 5 it is a property of a group whether it reads in order.
      groups: {
        effects: { groupId: 'GID_effects', ...GROUP },
        orderedEffects: { groupId: 'GID_ordered_effects', ...GROUP },
      },
      role: ROLE,
      // Few rows at a time, so that many claims and marks come by for those who wait to kill at one.
      reproduce: { lease: '9s', idle: '200ms', batch: 4, backoff: { base: '20ms', cap: '200ms' } },
      log: { logger: { log: () => undefined, warn: () => undefined, error: (line) => console.error(String(line)) } },
    }),
  ],
  providers: ROLE === 'worker' ? [RecordEffect] : [],
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
app.enableShutdownHooks();
console.log('ready');
if (PUBLISH) await publishFor(app.get(DataSource), app.get(MqProducerService));

/**
 * Business transactions, one after another: some with several messages, some ordered, every sixth rolled back, every seventh
 * with a sibling that fails while `publish()` is under way, every eleventh left open by code that forgot to end it.
 *
 * @param {DataSource} dataSource
 * @param {MqProducerService} mq
 */
async function publishFor(dataSource, mq) {
  for (let n = 0; ; n++) {
    await whenRelaysKeepUp(dataSource)
      .then(() => transactionOf(dataSource, mq, n))
      .catch((error) => {
        if (error.message !== 'rolled back on purpose') console.error(String(error));
      });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * @param {DataSource} dataSource
 * @param {MqProducerService} mq
 * @param {number} n
 */
function transactionOf(dataSource, mq, n) {
  if (n % 11 === 10) return leftOpen(dataSource, (manager) => businessTransaction(manager, mq, n * 6));
  return dataSource.transaction((manager) =>
    n % 7 === 6 ? withFailingSibling(manager, mq, n) : businessTransaction(manager, mq, n),
  );
}

/**
 * The publish is still in the queue of the connection when the transaction is rolled back.
 *
 * @param {EntityManager} manager
 * @param {MqProducerService} mq
 * @param {number} n
 */
async function withFailingSibling(manager, mq, n) {
  const key = `k${randomInt(KEYS)}`;
  const message = n % 2 === 0 ? { topic: 'ledger', orderingKey: key } : { topic: 'plain' };
  const failing = new Promise((_, reject) => setTimeout(reject, randomInt(3), new Error('rolled back on purpose')));
  const publishing = mq.publishAll([{ ...message, payload: { n: n * 10, key } }], { manager });
  publishing.catch(() => undefined);
  await Promise.all([publishing, failing]);
}

/**
 * @param {DataSource} dataSource
 * @param {Work} work
 */
async function leftOpen(dataSource, work) {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.connect();
    await runner.startTransaction();
    await work(runner.manager);
  } finally {
    await runner.release();
  }
}

/** @param {DataSource} dataSource */
async function whenRelaysKeepUp(dataSource) {
  for (;;) {
    const [{ n }] = await dataSource.query('SELECT COUNT(*) AS n FROM mq_status_log WHERE due_at IS NOT NULL');
    if (Number(n) < BACKLOG) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/**
 * @param {EntityManager} manager
 * @param {MqProducerService} mq
 * @param {number} n
 */
async function businessTransaction(manager, mq, n) {
  const ordered = n % 2 === 0;
  const key = `k${randomInt(KEYS)}`;
  const messages = Array.from({ length: n % 5 === 0 ? 3 : 1 }, (_, i) => ({
    topic: ordered ? 'ledger' : 'plain',
    payload: { n: n * 10 + i, key: ordered ? key : null },
    ...(ordered ? { orderingKey: key } : {}),
  }));
  const publication = await mq.publishAll(messages, { manager });
  const rolledBack = n % 6 === 5;
  const table = rolledBack ? 'kill_ghost' : 'kill_ledger';
  // A rolled-back transaction leaves its ids behind on a connection of its own, so that a ghost can be recognized.
  const run = rolledBack ? manager.dataSource : manager;
  for (const { id } of publication.messages) await run.query(`INSERT INTO ${table} (message_id) VALUES ('${id}')`);
  if (rolledBack) throw new Error('rolled back on purpose');
}
