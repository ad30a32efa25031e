import { Injectable } from '@nestjs/common';
import { MqConsumer, MqContext, type MqHandler, MqMessage } from 'nestjs-reliable-mq';
import { Deadlines, type PaymentDue } from '../messaging/topics.js';
import { OrdersService } from './orders.service.js';

/** Cancels what was not paid in time. The broker kept the message back until now. */
@Injectable()
@MqConsumer(Deadlines, 'cancel', { tags: 'due' })
export class CancelUnpaid implements MqHandler<PaymentDue> {
  constructor(private readonly orders: OrdersService) {}

  handle(message: MqMessage<PaymentDue>, { manager }: MqContext): Promise<void> {
    return this.orders.cancelUnpaid(manager, message.payload.id);
  }
}
