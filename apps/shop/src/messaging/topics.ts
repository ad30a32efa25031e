import { defineTopic, type GroupOptions, type TopicOptions } from 'nestjs-reliable-mq';

/** What is told of an order: `created` when it was placed, `reserved` when its goods were set aside. */
export interface OrderEvent {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
}

/** `due`: by now, the order should have been paid. */
export interface PaymentDue {
  readonly id: string;
}

export const Orders = defineTopic<OrderEvent>('orders');
export const Deadlines = defineTopic<PaymentDue>('deadlines');

/** Two topics, because at a RocketMQ 5 broker a topic has one type: normal, or delay. */
export const TOPICS: Record<string, TopicOptions> = {
  [Orders]: { topic: 'shop_orders' },
  [Deadlines]: { topic: 'shop_deadlines' },
};

/** By alias; the handlers name them in `@MqConsumer(topic, group)`. */
export const GROUPS: Record<string, GroupOptions> = {
  stock: { groupId: 'GID_shop_stock', tags: ['created'] },
  notify: { groupId: 'GID_shop_notify', tags: ['reserved'] },
  cancel: { groupId: 'GID_shop_cancel', tags: ['due'] },
};
