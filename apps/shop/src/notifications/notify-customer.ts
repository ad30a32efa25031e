import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { MqConsumer, MqContext, type MqHandler, MqMessage } from 'nestjs-reliable-mq';
import { type OrderEvent, Orders } from '../messaging/topics.js';
import { Notification } from './notification.entity.js';

/**
 * Tells the customer that the goods are set aside. A plain insert that would happen twice if it ran twice: that it does not,
 * however often the broker delivers the message, is up to the inbox.
 */
@Injectable()
@MqConsumer(Orders, 'notify', { tags: 'reserved' })
export class NotifyCustomer implements MqHandler<OrderEvent> {
  async handle(message: MqMessage<OrderEvent>, { manager }: MqContext): Promise<void> {
    const { id: orderId, sku, quantity } = message.payload;
    await manager.insert(Notification, {
      id: randomUUID(),
      orderId,
      text: `${quantity} x ${sku} are set aside for you`,
    });
  }
}
