import type { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';

type Transport = ReturnType<typeof aliyunHttp>;
export type Outbound = Parameters<Transport['send']>[0];
export type Subscription = Parameters<Transport['subscribe']>[0];

/** A message that every transport takes, with the fields that a test is about. */
export function outbound(fields: Partial<Outbound> = {}): Outbound {
  return {
    topic: 'orders',
    instanceId: null,
    tag: null,
    key: 'key-1',
    body: '{"id":1}',
    properties: {},
    deliverAt: null,
    orderingKey: null,
    ...fields,
  };
}

export function subscription(fields: Partial<Subscription> = {}): Subscription {
  return { topic: 'orders', instanceId: null, groupId: 'GID_stock', tags: null, ordered: false, ...fields };
}
