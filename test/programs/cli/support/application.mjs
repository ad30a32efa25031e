// An ordinary application, as a command line finds it: a compiled file that exports its root module. What its handler does is
// said by the message, and what it did stands in a table.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqConsumer, MqModule, PermanentError } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';

const { DATABASE_URL = '', MQ_ENDPOINT = '', MQ_ROLE, MQ_BILLING, MQ_MIGRATE } = process.env;

class Note {
  /**
   * @param {import('nestjs-reliable-mq').MqMessage<{ fail?: boolean, hold?: boolean, print?: boolean, park?: boolean }>} message
   * @param {import('nestjs-reliable-mq').MqContext} context
   */
  async handle({ id, payload }, { manager, signal }) {
    if (payload.print) console.log('printed by a handler');
    if (payload.fail) throw new Error('as the message says');
    // Outside of the transaction, whose snapshot on MySQL never shows what others write.
    const isClosed = async () => (await manager.dataSource.query('SELECT 1 FROM gate')).length === 0;
    if (payload.park && (await isClosed())) throw new PermanentError('the gate is closed');
    if (payload.hold) {
      console.error('holding');
      while (!signal.aborted && (await isClosed())) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await manager.query(`INSERT INTO note (id) VALUES ('${id}')`);
  }
}
MqConsumer('orders', 'notes')(Note);

class Other {
  handle() {}
}
MqConsumer('invoices', 'others')(Other);

const transport = () => aliyunHttp({ endpoint: MQ_ENDPOINT, accessKeyId: 'test', accessKeySecret: 'test' });
const role = MQ_ROLE ?? 'all';
const migrate = MQ_MIGRATE === '1';

/** A second connection, with tables of its own. */
const billing = MqModule.forRoot({
  name: 'billing',
  transport: transport(),
  topics: { bills: { topic: 'bills' } },
  role,
  migrate,
});

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: DATABASE_URL.startsWith('mysql:') ? 'mysql' : 'postgres',
      url: DATABASE_URL,
      autoLoadEntities: true,
      retryAttempts: 0,
    }),
    MqModule.forRoot({
      transport: transport(),
      topics: { orders: { topic: 'orders' }, invoices: { topic: 'invoices', ordered: true } },
      groups: { notes: { groupId: 'GID_notes' }, others: { groupId: 'GID_others' } },
      role,
      migrate,
      consume: { backoff: { base: '1h', cap: '1h' } },
    }),
    ...(MQ_BILLING === '1' ? [billing] : []),
  ],
  providers: [Note, Other],
})(AppModule);

export default AppModule;
