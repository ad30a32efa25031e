import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { MqConsumer, MqContext, MqCtx, MqPayload } from 'nestjs-reliable-mq';
import { type OrderEvent, Orders } from '../messaging/topics.js';
import { Notification } from './notification.entity.js';

/**
 * Tells the customer that the goods are set aside. A plain insert that would happen twice if it ran twice: that it does not,
 * however often the broker delivers the message, is up to the inbox.
 */
@Injectable()
@MqConsumer(Orders, 'notify', { tags: 'reserved' })
export class NotifyCustomer {
  async handle(@MqPayload() { id, sku, quantity }: OrderEvent, @MqCtx() { manager }: MqContext): Promise<void> {
    const text = `${quantity} x ${sku} are set aside for you`;
    await manager.insert(Notification, { id: randomUUID(), orderId: id, text });
  }
}
