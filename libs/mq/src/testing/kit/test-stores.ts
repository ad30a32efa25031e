import { MqError } from '../../core/errors/mq-error.js';
import type { OutboxStore } from '../../core/store/outbox-store.js';
import type { RuntimeParts } from '../../nest/mq-runtime.js';
import { MemoryDeliveryStore } from '../memory-store/memory-delivery-store.js';
import type { TestClock } from './test-clock.js';
import { TestOutboxStore, type TestTransactions } from './test-transactions.js';

type Stores = RuntimeParts['stores'];
type Outbox = Stores['outbox'];

/** Stores in memory. What operators ask is asked of tables, and here there are none: that is said at each call. */
export function testStores(
  clock: TestClock,
  transactions: TestTransactions,
): Stores & { readonly memory: TestOutboxStore } {
  const outbox = new TestOutboxStore(clock);
  return {
    memory: outbox,
    outbox: outbox as OutboxStore<never> as Outbox,
    deliveries: transactions.deliveriesOf(new MemoryDeliveryStore(clock, outbox)),
    transactions,
    admin: unsupported('MqAdminService', { blockedKeys: () => Promise.resolve([]) }),
    metrics: unsupported('metrics of the tables', { leaveDuty: nothing }),
    evidence: unsupported('MqAdminService.explain(), timeline() and counts()', {}),
    nodes: {
      beat: () => Promise.resolve(0),
      leave: nothing,
      list: () => Promise.resolve([]),
      prune: () => Promise.resolve(0),
    },
    pauses: unsupported('MqAdminService.pause() and resume()', {
      list: () => Promise.resolve({ version: 0, pauses: [] }),
    }),
    actions: unsupported('MqAdminService.actions()', { prune: () => Promise.resolve(0) }),
    database: 'memory',
    connections: { count: 0, abandon: () => undefined, whenIdle: nothing },
    warnings: [],
    requireJoinable: () => undefined,
  };
}

const nothing = (): Promise<void> => Promise.resolve();

/** A store of which there is only this; any other call is rejected. */
function unsupported<T extends object>(what: string, there: NoInfer<Partial<T>>): T {
  return new Proxy(there, {
    get: (target, member, receiver) =>
      Reflect.has(target, member) || typeof member === 'symbol' || member === 'then'
        ? (Reflect.get(target, member, receiver) as unknown)
        : () =>
            Promise.reject(
              new MqError(
                'MQ_TEST_MISUSE',
                `MqTestingModule has its stores in memory, which cannot answer what ${what} asked (${member}). Test this with MqModule ` +
                  'on a real database, and memoryTransport().',
              ),
            ),
  }) as T;
}
