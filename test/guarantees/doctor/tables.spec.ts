import 'reflect-metadata';
import type { DoctorCode } from 'nestjs-reliable-mq';
import { getMqEntities, runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases, type DatabaseName } from '../../support/database.js';
import type { Node } from '../../support/node/node.js';
import { bootQuiet } from './support/boot-quiet.js';
import { codesOf, examine, mend, only } from './support/examine.js';
import { neighbour } from './support/neighbour.js';

interface Fault {
  readonly what: string;
  readonly code: DoctorCode;
  /** What comes of it as well. */
  readonly besides?: readonly DoctorCode[];
  /** By family, or by name where only one of them can. */
  readonly plant: { readonly [name in DatabaseName | 'both']?: readonly string[] };
}

const both = (...statements: string[]): Fault['plant'] => ({ PostgreSQL: statements, both: statements });

const FAULTS: readonly Fault[] = [
  {
    what: 'the index that due rows are found by is gone',
    code: 'index-missing',
    plant: { PostgreSQL: ['DROP INDEX mq_ix_due'], both: ['ALTER TABLE mq_status_log DROP KEY mq_ix_due'] },
  },
  {
    what: 'the primary key of the inbox is gone, so nothing is known twice',
    code: 'index-missing',
    plant: {
      PostgreSQL: ['ALTER TABLE mq_inbox DROP CONSTRAINT mq_inbox_pk'],
      both: ['ALTER TABLE mq_inbox DROP PRIMARY KEY'],
    },
  },
  {
    what: 'an index has our name and other columns',
    code: 'index-differs',
    plant: {
      PostgreSQL: ['DROP INDEX mq_ix_open', 'CREATE INDEX mq_ix_open ON mq_status_log (seq)'],
      both: ['ALTER TABLE mq_status_log DROP KEY mq_ix_open, ADD KEY mq_ix_open (seq)'],
    },
  },
  {
    what: 'an index is there and not used',
    code: 'index-differs',
    plant: {
      PostgreSQL: [`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mq_ix_key'::regclass`],
      MariaDB: ['ALTER TABLE mq_status_log ALTER INDEX mq_ix_key IGNORED'],
      MySQL: ['ALTER TABLE mq_status_log ALTER INDEX mq_ix_key INVISIBLE'],
    },
  },
  {
    what: 'a column is gone',
    code: 'column-missing',
    plant: both('ALTER TABLE mq_status_log DROP COLUMN trace'),
  },
  {
    what: 'somebody has added a column that must be filled',
    code: 'column-foreign',
    plant: both('ALTER TABLE mq_inbox ADD COLUMN tenant varchar(20) NOT NULL'),
  },
  {
    what: 'a column is too short',
    code: 'column-type',
    plant: {
      PostgreSQL: ['ALTER TABLE mq_status_log ALTER COLUMN lease_owner TYPE varchar(10)'],
      both: ['ALTER TABLE mq_status_log MODIFY lease_owner varchar(10)'],
    },
  },
  {
    what: 'a column of ids ignores case',
    code: 'column-collation',
    plant: {
      PostgreSQL: ['ALTER TABLE mq_inbox ALTER COLUMN message_id TYPE varchar(255) COLLATE "default"'],
      both: [
        'ALTER TABLE mq_inbox MODIFY message_id varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL',
      ],
    },
  },
  {
    what: 'a constraint is gone',
    code: 'constraint-missing',
    plant: both('ALTER TABLE mq_status_log DROP CONSTRAINT mq_ck_lease'),
  },
  {
    what: 'a constraint does not hold for all rows',
    code: 'constraint-not-enforced',
    plant: {
      PostgreSQL: [
        'ALTER TABLE mq_inbox DROP CONSTRAINT mq_ck_inbox_state',
        `ALTER TABLE mq_inbox ADD CONSTRAINT mq_ck_inbox_state CHECK (state IN ('STARTED', 'HANDLED', 'PARKED')) NOT VALID`,
      ],
      MySQL: ['ALTER TABLE mq_inbox ALTER CHECK mq_ck_inbox_state NOT ENFORCED'],
    },
  },
  {
    what: 'rows that publishers lock are gone',
    code: 'order-stripes-incomplete',
    plant: both('DELETE FROM mq_order_stripe WHERE id IN (0, 500, 1023)'),
  },
];

describeDatabases('the doctor and the tables', (db) => {
  let node: Node;
  beforeAll(async () => {
    // Publishes only, so that nothing but the test works on the tables.
    node = await bootQuiet(db);
  });
  afterAll(() => node.app.close());

  const planted = ({ plant }: Fault): readonly string[] | undefined =>
    plant[db.name] ?? (db.family === 'MySQL' ? plant.both : undefined);

  it('finds nothing in a healthy set, and changes nothing', async () => {
    const report = await examine(node);
    expect(report.findings).toEqual([]);
    expect(report.healthy).toBe(true);
    expect(report.notChecked).toEqual([]);
  });

  it.each(FAULTS.filter((fault) => planted(fault)))(
    'finds that $what, and names the line that mends it',
    async (fault) => {
      for (const statement of planted(fault)!) await db.query(statement);
      const report = await examine(node);
      expect(codesOf(report)).toContain(fault.code);
      const finding = only(report, fault.code);
      expect(finding.what).not.toMatch(/undefined|null/);
      await mend(db, finding);
      expect((await examine(node)).findings).toEqual([]);
    },
  );

  it('finds rows that no relay would ever see, where the constraint that forbids them is gone', async () => {
    await db.query('ALTER TABLE mq_status_log DROP CONSTRAINT mq_ck_due');
    await insertRow({ due_at: 'NULL' });
    const report = await examine(node);
    expect(codesOf(report)).toEqual(['constraint-missing', 'rows-invisible']);
    expect(only(report, 'rows-invisible').evidence).toMatchObject({ rows: 1 });
    await mend(db, only(report, 'rows-invisible'));
    await mend(db, only(report, 'constraint-missing'));
    expect((await examine(node)).findings).toEqual([]);
    await db.query('DELETE FROM mq_status_log');
  });

  it('tells a set that is outdated from one that is not there, and from one of somebody else', async () => {
    const dataSource = await db.connect({ entities: [...getMqEntities()] });
    await db.query(`DELETE FROM mq_migrations WHERE name LIKE '%MqOperations%'`);
    const outdated = await examine(node);
    expect(codesOf(outdated)).toEqual(['tables-outdated']);
    expect(outdated.notChecked.map(({ check }) => check)).toContain('indexes');
    await runMqMigrations(dataSource);
    expect((await examine(node)).findings).toEqual([]);

    for (const table of [
      'status_log',
      'error_log',
      'inbox',
      'order_stripe',
      'node',
      'pause',
      'action',
      'copy',
      'migrations',
    ])
      await db.query(`DROP TABLE mq_${table}`);
    expect(codesOf(await examine(node))).toEqual(['tables-missing']);
    await db.query('CREATE TABLE mq_inbox (id integer PRIMARY KEY)');
    expect(codesOf(await examine(node))).toEqual(['tables-foreign']);
    await db.query('DROP TABLE mq_inbox');
    await runMqMigrations(dataSource);
    await neighbour(db);
    expect((await examine(node)).findings).toEqual([]);
  });

  /** A message that waits for the broker. */
  function insertRow(columns: Record<string, string>): Promise<unknown> {
    const row = {
      id: `'0197'`,
      status: `'PENDING'`,
      connection: `'default'`,
      broker: `'memory'`,
      topic_alias: `'orders'`,
      topic: `'shop_orders'`,
      msg_key: `'k'`,
      max_attempts: '10',
      payload: `'{}'`,
      payload_bytes: '2',
      created_at: '1',
      updated_at: '1',
      ...columns,
    };
    return db.query(
      `INSERT INTO mq_status_log (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`,
    );
  }
});
