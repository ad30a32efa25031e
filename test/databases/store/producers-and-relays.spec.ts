import type { DataSource } from 'typeorm';
import { LANE, refOf } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../../support/database.js';
import { giveUpAfter } from '../../support/outbox/give-up-after.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';
import { pauseCommits } from '../../support/outbox/paused-commit.js';

const PRODUCERS = 4;
const TRANSACTIONS = 60;
/** Longer than a relay works at one batch, also where a whole second passes before it gets a processor. */
const LOCK_S = 20;
const LEASED_MS = 3_600_000;

describeDatabases('producers beside relays', (db) => {
  let outbox: TestOutbox;
  let producers: DataSource;

  beforeAll(async () => {
    outbox = await openOutbox(db);
    producers = await db.connect();
  });
  beforeEach(() => outbox.clear());

  /** A business transaction at the default level of the database: REPEATABLE READ on MariaDB. */
  async function publish(...rows: ReturnType<TestOutbox['bench']['row']>[]): Promise<void> {
    const runner = producers.createQueryRunner();
    try {
      await giveUpAfter(db, runner, LOCK_S);
      await runner.startTransaction();
      // What is leased from the start stays so, however long the test takes.
      await outbox.store.stage(runner.manager, rows, outbox.bench.lease(LEASED_MS));
      await runner.commitTransaction();
    } finally {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    }
  }

  const situations: Record<string, () => Promise<unknown>> = {
    'an empty table': async () => undefined,
    'finished rows only': async () => {
      const rows = await outbox.bench.leased(...Array.from({ length: 20 }, () => outbox.bench.row()));
      await outbox.store.markSent(rows.map((row) => ({ ...refOf(row), brokerMessageId: row.id })));
    },
    'rows that are not due yet': () =>
      outbox.bench.publish(Array.from({ length: 20 }, () => outbox.bench.row({ deliver: { inMs: 60_000 } }))),
    'more due rows than it takes': () => outbox.bench.publish(Array.from({ length: 40 }, () => outbox.bench.row())),
  };

  test.each(Object.keys(situations))('a poll that meets %s blocks no INSERT', async (situation) => {
    await situations[situation]!();
    const { reached, resume } = pauseCommits(outbox.dataSource);
    const claimed = outbox.bench.claim(10);
    await Promise.race([reached, claimed]);
    await publish(outbox.bench.row(), outbox.bench.row({ leased: true }), outbox.bench.row({ deliver: { at: 1 } }));
    await publish(outbox.bench.ordered('k'), outbox.bench.row({ deliver: { inMs: 120_000 } }));
    resume();
    expect((await claimed).length).toBe(situation === 'more due rows than it takes' ? 10 : 0);
  });

  test('a second relay gets its share of a backlog, in a table that holds nothing else', async () => {
    await outbox.bench.publish(Array.from({ length: 200 }, () => outbox.bench.row()));
    await db.query(db.name === 'PostgreSQL' ? 'ANALYZE mq_status_log' : 'ANALYZE TABLE mq_status_log');
    const { reached, resume } = pauseCommits(outbox.dataSource);
    const first = outbox.bench.claim(50);
    await Promise.race([reached, first]);
    const second = await openOutbox(db);
    expect(await second.bench.claim(50)).toHaveLength(50);
    resume();
    expect(await first).toHaveLength(50);
  });

  test('relays that claim in step all get their share, from several lanes, and leave nothing behind', async () => {
    const lanes = ['a', 'b', 'c'].map((topic) => ({ ...LANE, topic }));
    await outbox.bench.publish(Array.from({ length: 1_200 }, (_, n) => outbox.bench.row(lanes[n % 3])));
    const relay = async (): Promise<string[]> => {
      const ids: string[] = [];
      for (let idle = 0; idle < 3;) {
        const { rows, more } = await outbox.store.claim({
          lanes,
          limit: 20,
          bytes: 1_000,
          lease: outbox.bench.lease(),
        });
        ids.push(...rows.map((row) => row.id));
        idle = rows.length === 0 && !more ? idle + 1 : 0;
      }
      return ids;
    };
    const shares = await Promise.all([relay(), relay(), relay()]);
    const all = shares.flat();
    expect(all).toHaveLength(1_200);
    expect(new Set(all).size).toBe(1_200);
    for (const share of shares) expect(share.length).toBeGreaterThan(100);
  });

  test('no business transaction fails while relays and cleaners work, and nothing is sent twice', async () => {
    const failures: unknown[] = [];
    let producing = true;
    let pruned = 0;
    const sent: string[] = [];

    const producer = async (n: number): Promise<void> => {
      for (let i = 0; i < TRANSACTIONS; i++) {
        const rows = [
          outbox.bench.row({ leased: i % 3 === 0, deliver: i % 2 === 0 ? { inMs: 0 } : null }),
          outbox.bench.ordered(`key ${(n + i) % 5}`),
          outbox.bench.ordered(`key ${(n * i) % 5}`),
        ];
        await publish(...rows).catch((error: unknown) => failures.push(error));
      }
    };
    const relay = async (): Promise<void> => {
      // One more round after the last commit, so that nothing is left.
      for (let last = false; !last;) {
        last = !producing;
        const lease = outbox.bench.lease(LEASED_MS);
        for (
          let rows = await outbox.bench.claim(20, lease);
          rows.length > 0;
          rows = await outbox.bench.claim(20, lease)
        ) {
          const marks = rows.map((row) => ({ ...refOf(row), brokerMessageId: row.id }));
          const outcomes = await outbox.store.markSent(marks);
          sent.push(...rows.filter((_, i) => outcomes[i] === 'marked').map((row) => row.id));
          await outbox.bench.promote(
            rows.flatMap((row) => row.orderKey ?? []),
            lease,
          );
        }
      }
    };
    const cleaner = async (): Promise<void> => {
      for (let last = false; !last;) {
        last = !producing;
        const count = await outbox.store.prune('sent', 0, 50);
        pruned += count;
      }
    };

    const working = [relay(), relay(), relay(), cleaner(), cleaner()];
    await Promise.all(Array.from({ length: PRODUCERS }, (_, n) => producer(n)));
    producing = false;
    await Promise.all(working);
    expect(failures).toEqual([]);
    const leased = (PRODUCERS * TRANSACTIONS) / 3;
    expect(sent.length).toBe(PRODUCERS * TRANSACTIONS * 3 - leased);
    expect(new Set(sent).size).toBe(sent.length);
    const { byStatus } = await outbox.store.stats();
    expect(byStatus.SENDING).toBe(leased);
    expect(pruned + byStatus.SENT).toBe(sent.length);
  });
});
