import { outboxStoreConformance } from 'nestjs-reliable-mq/spi';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { MemoryOutboxStore } from '../../../../libs/mq/src/testing/memory-store/memory-outbox-store.js';
import { MemoryTransaction } from '../../../../libs/mq/src/testing/memory-store/memory-transaction.js';

outboxStoreConformance('memory', async () => {
  const clock = new ManualClock();
  const store = new MemoryOutboxStore(clock);
  return {
    store,
    begin: async () => {
      const tx = new MemoryTransaction();
      return { tx, commit: async () => tx.commit(), rollBack: async () => tx.rollBack() };
    },
    advance: (ms) => clock.advance(ms),
    settle: async (id, _group, brokerMessageId) =>
      void Object.assign(store.rows.get(id)!, { status: 'SENT', leaseToken: null, dueAt: null, brokerMessageId }),
    errors: async (messageId) =>
      store.errors
        .map(({ entry }) => entry)
        .filter((entry) => entry.messageId === messageId)
        .map(({ parked, errorCode }) => ({ parked, errorCode })),
    resolveErrors: async (messageId) => {
      for (const error of store.errors) if (error.entry.messageId === messageId) error.resolvedAt = clock.now();
    },
  };
});
