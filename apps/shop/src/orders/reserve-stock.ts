import { Injectable } from '@nestjs/common';
import { MqConsumer, MqContext, MqCtx, MqPayload } from 'nestjs-reliable-mq';
import { Orders } from '../messaging/topics.js';
import { OrdersService } from './orders.service.js';

/** Sets goods aside for each new order. What it writes and what it publishes are one transaction with the inbox row. */
@Injectable()
@MqConsumer(Orders, 'stock', { tags: 'created' })
export class ReserveStock {
  constructor(private readonly orders: OrdersService) {}

  handle(@MqPayload('id') id: string, @MqCtx() { manager }: MqContext): Promise<void> {
    return this.orders.reserve(manager, id);
  }
}
