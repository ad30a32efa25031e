// The application of docs/guides/operating.md: orders, and two groups that hear of them. What its handlers cannot do stands in a table, so that
// a test can break and repair them while it runs.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqConsumer, MqModule, PermanentError } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';

const { DATABASE_URL, MQ_ENDPOINT = '', MQ_ROLE } = process.env;

class ReserveStock {
  /** @param {import('nestjs-reliable-mq').MqMessage} message @param {import('nestjs-reliable-mq').MqContext} context */
  async handle({ payload }, { manager }) {
    /** @type {{ sku: string }[]} */
    const broken = await manager.query('SELECT sku FROM broken');
    if (broken.some(({ sku }) => sku === payload.sku)) throw new PermanentError(`no price for ${payload.sku}`);
  }
}
MqConsumer('orders', 'stock')(ReserveStock);

class MailReceipt {
  handle() {}
}
MqConsumer('orders', 'mail')(MailReceipt);

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: DATABASE_URL,
      autoLoadEntities: true,
      retryAttempts: 0,
      poolSize: 30,
    }),
    MqModule.forRoot({
      transport: aliyunHttp({ endpoint: MQ_ENDPOINT, accessKeyId: 'test', accessKeySecret: 'test' }),
      topics: { orders: { topic: 'shop_orders' }, shipments: { topic: 'shop_shipments', ordered: true } },
      groups: { stock: { groupId: 'GID_stock' }, mail: { groupId: 'GID_mail' } },
      role: MQ_ROLE ?? 'all',
    }),
  ],
  providers: [ReserveStock, MailReceipt],
})(AppModule);

export default AppModule;
