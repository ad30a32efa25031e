import { ManualClock, MemoryOutboxStore, MemoryTransaction, outboxStoreConformance } from 'nestjs-reliable-mq/testing';
import { describeDatabases } from '../support/database.js';
import { openOutbox, type TestOutbox } from '../store/support/open-outbox.js';

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

describeDatabases('TypeORM', (db) => {
  let outbox: TestOutbox;

  beforeAll(async () => {
    outbox = await openOutbox(db);
  });

  outboxStoreConformance('TypeORM', async () => {
    await outbox.clear();
    return outbox.harness;
  });
});

// What an UPDATE reports as affected: with this flag, which mysql2 sets unless told otherwise, the rows that matched,
// without it those that changed.
describeDatabases(
  'TypeORM without FOUND_ROWS',
  (db) => {
    let outbox: TestOutbox;

    beforeAll(async () => {
      outbox = await openOutbox(db, { flags: ['-FOUND_ROWS'] } as object);
    });

    outboxStoreConformance('TypeORM', async () => {
      await outbox.clear();
      return outbox.harness;
    });
  },
  ['MariaDB', 'MySQL'],
);
