// One process of the system under test: an ordinary Nest application on the built library. It is killed at any moment.
import 'reflect-metadata';
import { randomInt } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqConsumer, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { DataSource } from 'typeorm';

const { DATABASE_URL, MQ_ENDPOINT, TRANSPORT, ROLE, PUBLISH } = process.env;
const KEYS = 8;
const PAUSE_MS = 80;
/** More than come together while the broker starts again. A machine that is slower than the publishers ends up here. */
const BACKLOG = 300;

process.on('unhandledRejection', (error) => {
  console.error('UNHANDLED', error);
  process.exit(70);
});

const TRANSPORTS = {
  // A send takes at most two thirds of the lease of a row, or boot refuses.
  'aliyun-http': () =>
    aliyunHttp({
      endpoint: `http://${MQ_ENDPOINT}`,
      accessKeyId: 'test',
      accessKeySecret: 'test',
      requestTimeout: '6s',
    }),
  rocketmq: () => rocketmq({ endpoints: MQ_ENDPOINT, connectTimeout: '1s', requestTimeout: '4s' }),
};
const GROUP = { timeout: '1s', backoff: { base: '50ms', cap: '200ms' } };

class RecordEffect {
  async handle(message, { manager }) {
    const { n } = message.payload;
    await manager.query(
      `INSERT INTO kill_effect (group_name, message_id, n) VALUES ('${message.group}', '${message.id}', ${Number(n)})`,
    );
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
      // A kill can double whatever its process had under way: few rows at a time make each duplicate one that a kill explains.
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

/** Business transactions, one after another: some with several messages, some ordered, every sixth rolled back. */
async function publishFor(dataSource, mq) {
  for (let n = 0; ; n++) {
    await whenRelaysKeepUp(dataSource)
      .then(() => dataSource.transaction((manager) => businessTransaction(manager, mq, n)))
      .catch((error) => {
        if (error.message !== 'rolled back on purpose') console.error(String(error));
      });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function whenRelaysKeepUp(dataSource) {
  for (;;) {
    const [{ n }] = await dataSource.query('SELECT COUNT(*) AS n FROM mq_status_log WHERE due_at IS NOT NULL');
    if (Number(n) < BACKLOG) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function businessTransaction(manager, mq, n) {
  const ordered = n % 2 === 0;
  const key = ordered ? `k${randomInt(KEYS)}` : null;
  const messages = Array.from({ length: n % 5 === 0 ? 3 : 1 }, (_, i) => ({
    topic: ordered ? 'ledger' : 'plain',
    payload: { n: n * 10 + i, key },
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
