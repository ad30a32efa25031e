import type { MessageQueueReceived, MessageType } from '../protocol/generated.js';
import { readEndpoint, type Endpoint } from '../wire/endpoint.js';
import { sipHash24 } from './sip-hash.js';

export interface Queue {
  readonly id: number;
  readonly brokerName: string;
  /**
   * Who takes messages for it: its broker; of several brokers behind one proxy that one, because it does not go by our
   * choice. It has its own for each ordering key, and takes others round.
   */
  readonly takenBy: string;
  readonly endpoint: Endpoint;
}

/** Brokers have one writer, whose id is 0. */
const MASTER = 0;

/** Where the queues of one topic are, and what the topic takes. */
export class Route {
  private readonly writable: readonly Queue[];
  /** One queue of each broker that can be read: the proxy chooses among those of its broker itself. */
  readonly readable: readonly Queue[];
  private readonly accepts: ReadonlySet<MessageType | number>;
  private turn = 0;

  constructor(queues: readonly MessageQueueReceived[]) {
    const usable = queues.flatMap(({ id, permission, broker }) => {
      const endpoint = readEndpoint(broker?.endpoints);
      if (!broker || !endpoint) return [];
      return [{ permission, brokerId: broker.id, id, brokerName: broker.name, takenBy: broker.name, endpoint }];
    });
    for (const queue of usable) {
      const isShared = usable.some(
        ({ endpoint, brokerName }) => endpoint.key === queue.endpoint.key && brokerName !== queue.brokerName,
      );
      if (isShared) queue.takenBy = queue.endpoint.key;
    }
    const allowed = (one: 'READ' | 'WRITE') =>
      usable.filter(({ permission }) => permission === one || permission === 'READ_WRITE');
    this.writable = allowed('WRITE').filter(({ brokerId }) => brokerId === MASTER);
    this.readable = [...new Map(allowed('READ').map((queue) => [queue.brokerName, queue])).values()];
    this.accepts = new Set(queues.flatMap(({ acceptMessageTypes }) => acceptMessageTypes));
  }

  /**
   * Whether the broker has the topic no more: Apache's proxy then goes on naming its queues until the name server has
   * forgotten them, and says of their type that there is none (5.5.0).
   */
  get isDeleted(): boolean {
    return this.accepts.size === 1 && this.accepts.has('MESSAGE_TYPE_UNSPECIFIED');
  }

  get hasSeveralBrokers(): boolean {
    return this.readable.length > 1;
  }

  /** Servers that say nothing about types take all. */
  takes(type: MessageType): boolean {
    return this.accepts.size === 0 || this.accepts.has(type);
  }

  get types(): string {
    return [...this.accepts].join(', ');
  }

  /**
   * Where to write. The messages of one ordering key all go to one broker, the same that the official clients of other
   * languages choose as long as all have the same queues, and Apache's proxy to one queue of it; others go round, past
   * servers and brokers that failed lately.
   */
  choose(orderingKey: string | null, isDoubtful: (queue: Queue) => boolean): Queue | undefined {
    const { writable } = this;
    if (orderingKey !== null && writable.length > 0) {
      return writable[Number(BigInt.asUintN(64, positiveModulo(sipHash24(orderingKey), BigInt(writable.length))))];
    }
    for (let tried = 0; tried < writable.length; tried += 1) {
      const queue = writable[this.turn++ % writable.length]!;
      if (!isDoubtful(queue)) return queue;
    }
    return writable[this.turn++ % writable.length];
  }
}

/** The hash is signed where the official clients divide it. */
function positiveModulo(value: bigint, by: bigint): bigint {
  return ((BigInt.asIntN(64, value) % by) + by) % by;
}
