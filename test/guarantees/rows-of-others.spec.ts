import 'reflect-metadata';
import { ReproduceService } from 'nestjs-reliable-mq';
import { describeDatabases } from '../support/database.js';
import { eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, type NodeSetup, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('rows that somebody else has published', (db) => {
  closeAfterEach();
  new Tables(db);
  const QUICK = { idle: '50ms', lease: '2s' } as const;

  const boot = (setup: NodeSetup = {}): Promise<Node> => bootNode(db, { role: 'all', reproduce: QUICK, ...setup });

  /** A message of each kind that has not left: as a process leaves it that was killed before it could send. */
  async function leaveBehind(): Promise<Record<'own' | 'renamed' | 'moved' | 'unknown', string>> {
    const node = await boot({ role: 'api', topics: { orders: { topic: 'shop_orders' }, old: { topic: 'shop_old' } } });
    const [own, renamed, moved] = [await publishOne(node), await publishOne(node), await publishOne(node)];
    const unknown = await publishOne(node, 'work', 'old');
    await node.app.close();
    await db.query(`UPDATE mq_status_log SET status = 'PENDING', due_at = 1, done_at = NULL`);
    await db.query(`UPDATE mq_status_log SET connection = 'of yore' WHERE id = '${renamed}'`);
    await db.query(`UPDATE mq_status_log SET broker = 'old-mq.internal:8081' WHERE id = '${moved}'`);
    return { own, renamed, moved, unknown };
  }

  const sentBy = ({ broker }: Node): string[] => broker.sent.map(({ properties }) => properties['mq-id'] ?? '').sort();

  async function settled(node: Node, ids: readonly string[]): Promise<void> {
    await eventuallyPasses(async () => expect(sentBy(node)).toEqual([...ids].sort()));
    // One more pass over whatever is due, awaited to its end.
    expect(await node.app.get(ReproduceService).runOnce()).toMatchObject({ claimed: 0 });
    expect(sentBy(node)).toEqual([...ids].sort());
  }

  it('are left alone: another connection, another broker, a topic that is not configured', async () => {
    const ids = await leaveBehind();
    const node = await boot();
    await settled(node, [ids.own]);
    const waiting = await db.query<{ id: string; status: string; started_count: number }>(
      `SELECT id, status, started_count FROM mq_status_log WHERE status = 'PENDING' ORDER BY id`,
    );
    expect(waiting.map(({ id }) => id)).toEqual([ids.renamed, ids.moved, ids.unknown].sort());
    // Published, and never looked at since.
    expect(waiting.map(({ started_count }) => Number(started_count))).toEqual([1, 1, 1]);
  });

  it.each([
    ['an earlier name', ['of yore'], ['own', 'renamed']],
    ['its own name at an earlier address of the broker', ['default@old-mq.internal:8081'], ['own', 'moved']],
    ['both', ['of yore', 'default@old-mq.internal:8081'], ['own', 'renamed', 'moved']],
  ] as const)('are sent when adopted: %s', async (_what, connections, expected) => {
    const ids = await leaveBehind();
    const node = await boot({ connections: [...connections] });
    await settled(
      node,
      expected.map((one) => ids[one]),
    );
  });
});
