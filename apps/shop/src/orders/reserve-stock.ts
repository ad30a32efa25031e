import { Injectable } from '@nestjs/common';
import { MqConsumer, MqContext, type MqHandler, MqMessage } from 'nestjs-reliable-mq';
import { type OrderEvent, Orders } from '../messaging/topics.js';
import { OrdersService } from './orders.service.js';

/** Sets goods aside for each new order. What it writes and what it publishes are one transaction with the inbox row. */
@Injectable()
@MqConsumer(Orders, 'stock', { tags: 'created' })
export class ReserveStock implements MqHandler<OrderEvent> {
  constructor(private readonly orders: OrdersService) {}

  handle(message: MqMessage<OrderEvent>, { manager }: MqContext): Promise<void> {
    return this.orders.reserve(manager, message.payload.id);
  }
}
