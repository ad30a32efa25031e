import { outboxStoreConformance } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../../support/database.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

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
