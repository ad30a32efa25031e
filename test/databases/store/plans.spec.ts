import type { DataSource } from 'typeorm';
import { LANE, orderKeyOf, refOf, type ConfirmedRow, type Lane } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../../support/database.js';
import { countReads, explain, nodesOf } from '../../support/outbox/count-reads.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';
import { type Recorded, RecordingLogger } from '../../support/outbox/recording-logger.js';

const FINISHED = 100_000;
const FOLLOWERS = 20_000;
const DIGITS = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ');
/** The numbers below 100,000, without anything that only one database has. */
const NUMBERS = `SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
  FROM (${DIGITS}) a, (${DIGITS}) b, (${DIGITS}) c, (${DIGITS}) e, (${DIGITS}) f`;

describeDatabases('what a statement reads', (db) => {
  const recorder = new RecordingLogger();
  let outbox: TestOutbox;
  let dataSource: DataSource;

  beforeAll(async () => {
    // One connection: MariaDB and MySQL count what was read for each session.
    outbox = await openOutbox(db, { poolSize: 1, logging: true, logger: recorder });
    dataSource = outbox.dataSource;
    await db.query(insertMany('SENT', 'NULL', '1000000000000', 'NULL', FINISHED));
    await db.query(insertMany('PENDING', '1000', 'NULL', 'NULL', FINISHED, { topic: 'closed' }));
    await db.query(insertMany('PENDING', '1000', 'NULL', 'NULL', 1_000, { connection: 'of yore' }));
    await outbox.bench.publish(Array.from({ length: 200 }, () => outbox.bench.row({ deliver: { at: 1_000 } })));
  });

  test(`claiming 50 of 200 due rows reads those 50, beside ${FINISHED} finished rows and as many due ones of open topics`, async () => {
    const lanes = [LANE, { ...LANE, topic: 'also open' }, { ...LANE, topic: 'open and empty' }];
    const reads = await countReads(db, dataSource, recorder, async () => {
      expect(await outbox.bench.claim(50, outbox.bench.lease(), { lanes })).toHaveLength(50);
    });
    // 50 entries of the index with their rows to look, and on MariaDB the same again to merge, to lock and to update them.
    expect(reads).toBeLessThan(400);
    const look = recorder.last(/^SELECT id, payload_bytes FROM/);
    const lock = recorder.last(/^\s*(WITH picked|SELECT t\.id)[^]*SKIP LOCKED/);
    if (db.name === 'PostgreSQL') {
      const scans = await scansOf(look);
      expect(new Set(scans.map((node) => node['Index Name']))).toEqual(new Set(['mq_ix_due']));
      expect(new Set((await scansOf(lock)).flatMap((node) => node['Index Name'] ?? []))).toEqual(
        new Set(['mq_status_log_pk']),
      );
    } else {
      const keys = async ({ sql, parameters }: Recorded): Promise<string[]> =>
        ((await dataSource.query(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, parameters)) as { key: string | null }[]).flatMap(
          ({ key }) => key ?? [],
        );
      expect(new Set(await keys(look))).toEqual(new Set(['mq_ix_due']));
      expect(await keys(lock)).toEqual(['PRIMARY']);
    }
  });

  async function scansOf({ sql, parameters }: Recorded): Promise<ReturnType<typeof nodesOf>> {
    const scans = nodesOf(await explain(dataSource, sql, parameters)).filter((node) => /Scan/.test(node['Node Type']));
    expect(scans.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    return scans.filter((node) => node['Index Name']);
  }

  test('looking for the next due row reads one', async () => {
    const reads = await countReads(db, dataSource, recorder, () => outbox.store.nextDueIn([LANE]));
    expect(reads).toBeLessThan(10);
  });

  test(`a key with ${FOLLOWERS} sleeping followers costs one probe`, async () => {
    const { store, bench } = outbox;
    const lease = bench.lease(3_600_000);
    const key = orderKeyOf('orders', 'big');
    const ids = await bench.publish(
      [1, 2].map(() => bench.ordered('big', { leased: true })),
      lease,
    );
    const [head, second] = (await store.confirm(ids.map((id) => ({ id, token: lease.token })))) as [
      ConfirmedRow,
      ConfirmedRow,
    ];
    await db.query(insertMany('PENDING', '9000000000000', 'NULL', `'${key}'`, FOLLOWERS));
    await store.defer([{ id: second.id, token: lease.token }], 300_000);

    const blocked = await countReads(db, dataSource, recorder, async () => {
      expect((await store.blocked([{ id: second.id, orderKey: key, seq: second.seq }])).size).toBe(1);
    });
    expect(blocked).toBeLessThan(20);

    const asleep = await countReads(db, dataSource, recorder, async () => {
      expect(await bench.promote([key], bench.lease())).toEqual([]);
    });
    expect(asleep).toBeLessThan(20);

    await store.markSent([{ id: head.id, token: lease.token, brokerMessageId: 'B1' }]);
    const woken = await countReads(db, dataSource, recorder, async () => {
      expect((await bench.promote([key], bench.lease())).map((row) => row.id)).toEqual([second.id]);
    });
    expect(woken).toBeLessThan(30);
  });

  test(`a sweep for stranded rows looks at keys and not at the ${FOLLOWERS} rows behind one`, async () => {
    const reads = await countReads(db, dataSource, recorder, () => outbox.store.wakeStranded('', 1_000));
    expect(reads).toBeLessThan(40);
  });

  test(`a poll with nothing due reads none of the ${FOLLOWERS} rows that wait for their time`, async () => {
    while ((await outbox.bench.claim(200)).length > 0);
    const reads = await countReads(db, dataSource, recorder, () => outbox.bench.claim(50));
    expect(reads).toBeLessThan(10);
  });

  test('marking reads the rows that it marks', async () => {
    await outbox.bench.publish(Array.from({ length: 50 }, () => outbox.bench.row()));
    const rows = await outbox.bench.claim(50);
    const marks = rows.map((row) => ({ ...refOf(row), brokerMessageId: row.id }));
    const reads = await countReads(db, dataSource, recorder, () => outbox.store.markSent(marks));
    if (db.name === 'PostgreSQL') {
      const { sql, parameters } = recorder.last(/^UPDATE/);
      const nodes = nodesOf(await explain(dataSource, sql, parameters));
      expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
      expect(nodes.map((node) => node['Index Name'])).toContain('mq_status_log_pk');
    } else {
      // Five or six for each row: MySQL reads the list from a table of its own.
      expect(reads).toBeLessThan(350);
    }
  });

  test('telling what waits in which lane counts to 1,000 in each, and looks at no finished row', async () => {
    // With statistics: the less PostgreSQL knows, the more it trusts the index.
    await db.query(db.family === 'PostgreSQL' ? 'ANALYZE mq_status_log' : 'ANALYZE TABLE mq_status_log');
    const reads = await countReads(db, dataSource, recorder, async () => {
      const lanes = await outbox.store.unfinishedLanes();
      expect(lanes.find(({ topic }) => topic === 'closed')).toMatchObject({ waiting: 1_000 });
    });
    expect(reads).toBeLessThan(10_000);
  });
});

let made = 0;

/** Rows that only have to be in the way. Finished ones share the instant of their end. */
function insertMany(
  status: string,
  dueAt: string,
  doneAt: string,
  orderKey: string,
  count: number,
  lane: Partial<Lane> = {},
): string {
  const { connection, broker, topic } = { ...LANE, ...lane };
  return `INSERT INTO mq_status_log (id, status, connection, broker, topic_alias, topic, msg_key, open_key, max_attempts,
      deferred, due_at, done_at, created_at, updated_at, payload, payload_bytes)
    SELECT CONCAT('many-${++made}-', n), '${status}', '${connection}', '${broker}', 'orders', '${topic}',
      CONCAT('k', n), ${orderKey}, 10, ${orderKey === 'NULL' ? 'false' : 'true'}, ${dueAt}, ${doneAt}, 1, 1, '{}', 2
    FROM (${NUMBERS}) AS numbers WHERE n < ${count}`;
}
