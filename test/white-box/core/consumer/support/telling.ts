import type { Delivery } from 'nestjs-reliable-mq/spi';
import type { MemoryTransport } from 'nestjs-reliable-mq/testing';

/** A broker that says something else of its deliveries than the one in memory does. */
export const telling = (more: (delivery: Delivery) => Partial<Delivery>) => (transport: MemoryTransport) => {
  const subscribe = transport.subscribe.bind(transport);
  return Object.assign(transport, {
    subscribe: (spec: Parameters<typeof subscribe>[0]) => {
      const source = subscribe(spec);
      const receive = source.receive.bind(source);
      source.receive = async (...args) =>
        (await receive(...args)).map((delivery) => ({ ...delivery, ...more(delivery) }));
      return source;
    },
  });
};
