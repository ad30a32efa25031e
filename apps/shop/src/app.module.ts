import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqModule } from 'nestjs-reliable-mq';
import type { Environment } from './config/environment.js';
import { shopConfig } from './config/shop-config.js';
import { CreateShopTables1700000000000 } from './database/create-shop-tables.migration.js';
import { openDatabase } from './database/open-database.js';
import { HealthModule } from './health/health.module.js';
import { GROUPS, TOPICS } from './messaging/topics.js';
import { TRANSPORTS } from './messaging/transports.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { StockModule } from './stock/stock.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [shopConfig] }),
    TypeOrmModule.forRootAsync({
      inject: [shopConfig.KEY],
      useFactory: ({ DATABASE_URL: url }: Environment) => ({
        type: url.startsWith('mysql:') ? 'mysql' : 'postgres',
        url,
        autoLoadEntities: true,
        migrations: [CreateShopTables1700000000000],
      }),
      dataSourceFactory: openDatabase,
    }),
    // With it, the relay shows up in SchedulerRegistry as the interval `mq:reproduce`.
    ScheduleModule.forRoot(),
    MqModule.forRootAsync({
      inject: [shopConfig.KEY],
      useFactory: (config: Environment) => ({
        transport: TRANSPORTS[config.MQ_TRANSPORT](config),
        topics: TOPICS,
        groups: GROUPS,
        tagSuffix: config.MQ_SUFFIX,
        groupSuffix: config.MQ_SUFFIX,
        role: config.MQ_ROLE,
        reproduce: { lease: config.MQ_REPRODUCE_LEASE },
      }),
    }),
    StockModule,
    OrdersModule,
    NotificationsModule,
    HealthModule,
  ],
})
export class AppModule {}
