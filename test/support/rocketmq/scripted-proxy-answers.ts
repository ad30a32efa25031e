import type { Code, Message, MessageQueue, MessageType, Permission, Status } from './protocol.js';

export const OK: Status = { code: 'OK', message: 'ok' };

export function status(code: Code, message = 'as the test wants it'): Status {
  return { code, message };
}

/** What the proxy says about one broker of a topic. */
export interface BrokerOfTopic {
  readonly host: string;
  readonly port: number;
  /** Default `broker-a`. */
  readonly broker?: string;
  /** 0 is the one that can be written to. Default 0. */
  readonly brokerId?: number;
  /** Default 4. */
  readonly queues?: number;
  readonly permission?: Permission;
  readonly types?: readonly MessageType[];
}

export function routeOf(name: string, brokers: readonly BrokerOfTopic[]): MessageQueue[] {
  return brokers.flatMap(({ host, port, broker = 'broker-a', brokerId = 0, queues = 4, permission, types }) =>
    Array.from({ length: queues }, (_, id) => ({
      topic: { name },
      id,
      permission: permission ?? ('READ_WRITE' as const),
      broker: {
        name: broker,
        id: brokerId,
        endpoints: { scheme: host.includes(':') ? ('IPv6' as const) : ('IPv4' as const), addresses: [{ host, port }] },
      },
      acceptMessageTypes: [...(types ?? (['NORMAL'] as const))],
    })),
  );
}

/** A message as the proxy hands it out. */
export function delivered(message: Message, receiptHandle: string, deliveryAttempt = 1): Message {
  const { systemProperties } = message;
  return {
    ...message,
    systemProperties: {
      messageId: `ID-${receiptHandle}`,
      bodyEncoding: 'IDENTITY',
      storeTimestamp: { seconds: 1_900_000_000, nanos: 0 },
      ...systemProperties,
      receiptHandle,
      deliveryAttempt,
    },
  };
}
