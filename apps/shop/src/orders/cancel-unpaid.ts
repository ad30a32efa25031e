import { Injectable } from '@nestjs/common';
import { MqConsumer, MqContext, MqCtx, MqPayload } from 'nestjs-reliable-mq';
import { Deadlines } from '../messaging/topics.js';
import { OrdersService } from './orders.service.js';

/** Cancels what was not paid in time. The broker kept the message back until now. */
@Injectable()
@MqConsumer(Deadlines, 'cancel', { tags: 'due' })
export class CancelUnpaid {
  constructor(private readonly orders: OrdersService) {}

  handle(@MqPayload('id') id: string, @MqCtx() { manager }: MqContext): Promise<void> {
    return this.orders.cancelUnpaid(manager, id);
  }
}
