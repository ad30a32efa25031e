import type { TestDatabase } from '../../../support/database.js';
import { bootNode, type Node, type NodeSetup } from '../../../support/node/node.js';
import { neighbour } from './neighbour.js';

/** An instance that publishes, and neither sends again nor prunes nor consumes: that is done by a neighbour, who does nothing. */
export async function bootQuiet(db: TestDatabase, setup: NodeSetup = {}): Promise<Node> {
  const node = await bootNode(db, { role: 'api', groups: {}, ...setup });
  const [{ n }] = (await db.query(`SELECT COUNT(*) AS n FROM mq_node WHERE id = 'neighbour'`)) as [{ n: unknown }];
  if (Number(n) === 0) await neighbour(db);
  return node;
}
