// An application that is run from a folder with copies of packages of its own. Prints why it did not start.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqModule } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';

const { DATABASE_URL: url, DATA_SOURCE: dataSource } = process.env;

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url, autoLoadEntities: true, retryAttempts: 0, name: dataSource }),
    MqModule.forRoot({
      transport: memoryTransport(),
      topics: { orders: { topic: 'shop_orders' } },
      migrate: true,
      ...(dataSource && { dataSource }),
    }),
  ],
})(App);

try {
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  await app.close();
  process.stdout.write(JSON.stringify({ code: 'STARTED' }));
} catch (error) {
  const { code, message, details } = /** @type {{ code?: string, message: string, details?: unknown }} */ (error);
  process.stdout.write(JSON.stringify({ code, message, details }));
}
process.exit();
