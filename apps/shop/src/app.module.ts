import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqModule } from 'nestjs-reliable-mq';
import { ConfigModule } from './config/config.module.js';
import type { ShopConfig } from './config/shop-config.js';
import { databaseOptions } from './database/database-options.js';
import { openDatabase } from './database/open-database.js';
import { HealthModule } from './health/health.module.js';
import { GROUPS, TOPICS } from './messaging/topics.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { StockModule } from './stock/stock.module.js';

@Module({})
export class AppModule {
  static forRoot(config: ShopConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        TypeOrmModule.forRootAsync({
          useFactory: () => databaseOptions(config.databaseUrl),
          dataSourceFactory: openDatabase,
        }),
        // With it, the relay shows up in SchedulerRegistry as the interval `mq:reproduce`.
        ScheduleModule.forRoot(),
        MqModule.forRoot({
          transport: config.transport,
          topics: TOPICS,
          groups: GROUPS,
          tagSuffix: config.suffix,
          groupSuffix: config.suffix,
          role: config.role,
          reproduce: { lease: config.reproduceLease },
        }),
        StockModule,
        OrdersModule,
        NotificationsModule,
        HealthModule,
      ],
    };
  }
}
