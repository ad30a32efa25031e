/**
 * What the examples of the documentation use and do not declare. A block gets from here, without a word in the page, the
 * names that it lacks: the shop's entities, the services that a class would have injected, and well-known imports.
 */
import type { CanActivate, INestApplication } from '@nestjs/common';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import {
  defineTopic,
  type MqAdminService,
  type MqConsumerService,
  type MqContext,
  type MqEvents,
  type MqMessage,
  type MqOptions,
  type MqProducerService,
  type Publication,
  type ReproduceService,
} from 'nestjs-reliable-mq';
import { Order } from './readme/order.entity.js';
import { Stock } from './readme/stock.entity.js';
import type { OrderCreated } from './readme/order-created.js';

export { readFileSync } from 'node:fs';
export {
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
export { NestFactory, Reflector } from '@nestjs/core';
export { IsInt, IsPositive, IsString, IsUUID } from 'class-validator';
export { Test } from '@nestjs/testing';
export { TypeOrmModule } from '@nestjs/typeorm';
export { DataSource, type EntityManager } from 'typeorm';
export {
  Discard,
  InjectMqProducer,
  isMqExecution,
  MqAdminService,
  type MqAlert,
  MqConsumer,
  MqConsumerService,
  MqContext,
  MqCtx,
  MqError,
  MqEvents,
  type MqEventMap,
  type MqBatchHandler,
  type MqFailure,
  type MqHandler,
  MqHeader,
  MqMessage,
  MqModule,
  MqPayload,
  MqProducerService,
  OnMqEvent,
  PermanentError,
  type Publication,
  ReproduceService,
  RetryLater,
} from 'nestjs-reliable-mq';
export { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
export { rocketmq } from 'nestjs-reliable-mq/rocketmq';
export { Order, type OrderCreated, Stock };

export interface NewOrder {
  sku: string;
  quantity: number;
}

export declare const app: INestApplication;
export declare const dataSource: DataSource;
export declare const manager: EntityManager;
export declare const queryRunner: QueryRunner;
export declare const mq: MqProducerService;
export declare const admin: MqAdminService;
export declare const consumers: MqConsumerService;
export declare const reproduce: ReproduceService;
export declare const events: MqEvents;
export declare const publication: Publication;
export declare const context: MqContext;
export declare const message: MqMessage<OrderCreated>;
export declare const transport: MqOptions['transport'];
export declare const input: NewOrder;
export declare const order: Order;
export declare const orders: Order[];
export declare const broker: { send(topic: string, body: unknown): Promise<void> };
export declare const mailer: { send(mail: { to: string; orderId: string; idempotencyKey: string }): Promise<void> };
export declare const pager: { notify(text: string): Promise<void> };
export const Orders = defineTopic<OrderCreated>('orders');

export declare class PlaceOrder {}
export declare class AppModule {}
export declare class SendMails {}
export declare class TenantGuard implements CanActivate {
  canActivate(): boolean;
}
export declare class OrdersService {
  place(input: NewOrder): Promise<string>;
}
