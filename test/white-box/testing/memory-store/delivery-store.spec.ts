import { deliveryStoreConformance } from 'nestjs-reliable-mq/spi';
import { MemoryDeliveryStore } from '../../../../libs/mq/src/testing/memory-store/memory-delivery-store.js';

const STATUS_ROW = {
  connection: 'default',
  broker: 'memory',
  topicAlias: 'orders',
  topic: 'shop_orders',
  instanceId: null,
  tag: null,
  key: 'k',
  orderingKey: null,
  orderKey: null,
  payload: '{}',
  payloadEncoding: null,
  payloadBytes: 2,
  headers: null,
  trace: null,
  correlationId: null,
  causationId: null,
  settleWithinMs: null,
  maxAttempts: 10,
  replayOf: null,
  targetGroup: null,
  horizonMs: 0,
  seq: 1n,
  deliverAt: null,
  createdAt: 0,
  dueAt: null,
  leaseToken: null,
  leaseOwner: null,
  deferred: false,
  startedCount: 0,
  failedCount: 0,
  brokerMessageId: null,
  errorCode: null,
  errorMessage: null,
  doneAt: null,
};

deliveryStoreConformance('memory', async () => {
  const store = new MemoryDeliveryStore();
  const effects: string[] = [];
  return {
    store,
    write: async (tx, effect) => tx.write(() => effects.push(effect)),
    effects: async () => effects,
    stage: async (row) => void store.outbox.rows.set(row.id, { ...STATUS_ROW, ...row }),
    statusOf: async (id) => {
      const { status, brokerMessageId } = store.outbox.rows.get(id)!;
      return { status, brokerMessageId };
    },
    errorsOf: async (messageId) => {
      const errors = store.errors.filter((entry) => entry.messageId === messageId);
      const parked = errors.filter((entry) => entry.parked).length;
      return { parked, failed: errors.length - parked };
    },
  };
});
