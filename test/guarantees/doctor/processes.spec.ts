import 'reflect-metadata';
import { describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { closeAfterEach } from '../../support/mq-app.js';
import { consumer } from '../../support/node/consumer.js';
import { bootNode, type NodeSetup } from '../../support/node/node.js';
import { codesOf, examine, only } from './support/examine.js';
import { neighbour } from './support/neighbour.js';

const API: NodeSetup = { role: 'api', handlers: [consumer('orders', 'stock', () => undefined)] };

describeDatabases('the doctor and the processes', (db) => {
  closeAfterEach();
  afterEach(() => db.query('DELETE FROM mq_node'));

  it('finds that nobody relays, and that nobody consumes', async () => {
    const report = await examine(await bootNode(db, API));
    expect(codesOf(report)).toEqual(['group-without-consumer', 'no-relay']);
    expect(only(report, 'no-relay').evidence['processes']).toEqual([expect.stringMatching(/:\d+: publish$/)]);
    expect(only(report, 'group-without-consumer')).toMatchObject({
      evidence: { topic: 'orders', group: 'stock', groupId: 'GID_stock' },
      todo: expect.stringContaining('mq consumer orders stock'),
    });
  });

  it('is satisfied with a process that does both', async () => {
    const node = await bootNode(db, API);
    await bootNode(db, { handlers: API.handlers!, broker: node.broker });
    // It tells within ten seconds what it reads.
    const report = await eventually(async () => {
      const found = await examine(node);
      return found.notChecked.length === 0 ? found : null;
    });
    expect(report.findings).toEqual([]);
  });

  it('finds a process that relays and consumes something else', async () => {
    const node = await bootNode(db, API);
    await neighbour(db, { groups: ['billing'] });
    expect(codesOf(await examine(node))).toEqual(['group-without-consumer']);
  });

  it('finds the clock of another process 5 s off', async () => {
    const node = await bootNode(db, API);
    await neighbour(db, { offsetMs: -5_000 });
    const report = await examine(node);
    expect(codesOf(report)).toEqual(['node-clock-offset']);
    expect(only(report, 'node-clock-offset').what).toContain('5.0 s behind');
  });
});
