import { findJava } from '../../scripts/support/java.mjs';
import { queryRoute } from '../../test/support/rocketmq/query-route.mjs';
import { eventually } from '../../test/support/rocketmq/rocketmq-admin.mjs';
import { startRocketmqCluster } from '../../test/support/rocketmq/start-cluster.mjs';
import { compare } from '../harness/compare.mjs';
import { expectEqual } from '../harness/expect-equal.mjs';
import { ratioRow } from '../harness/rows.mjs';
import { receiving } from '../support/receiving.mjs';
import { ownClient } from '../support/rocketmq-clients.mjs';

const QUEUES = 4;
/** Applications wait 20 s. As the last poll is waited for, it is less here, and the idle broker is asked more often. */
const WAIT_MS = 5_000;

export const title = 'RocketMQ 5: a topic at two brokers, one of which has nothing, beside a topic at one';

/**
 * Two real brokers on this machine. Left out without JDK and Maven.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ quick, rounds, quiet, budgetMs }) {
  if (!findJava()) {
    console.log('Left out: RocketMQ needs a JDK and Maven.\n');
    return;
  }
  // With the proxies inside of the brokers, a topic's messages stay at the broker to which they were sent.
  const cluster = await startRocketmqCluster({ mode: 'local' });
  const [busy, idle] = cluster.brokers.map(({ name }) => name);
  /** @type {(import('../support/rocketmq-clients.mjs').Client & { name: string, topic: string })[]} */
  const clients = [];
  try {
    for (const brokers of [[busy], [busy, idle]]) {
      const topic = `bench_${brokers.length}`;
      const group = `GID_${topic}`;
      for (const broker of brokers)
        await cluster.admin.at(broker).putTopic({ name: topic, queues: QUEUES, readOnly: broker === idle });
      await routeOf(cluster, topic, brokers.length * QUEUES);
      await cluster.admin.createGroup({ name: group });
      const client = await ownClient({ endpoint: cluster.endpoints, topic, group });
      clients.push({ name: `topic at ${brokers.length}`, topic, ...client });
    }
    // An idle broker takes its share of the places for the first tenth of a second of each of its polls.
    const count = quick ? 500 : 16_000;
    const [one, two] = clients.map((client) => receiving(client, count, { publishers: 64, waitMs: WAIT_MS }));
    const { one: base, two: subject } = await compare({ one, two }, { rounds, quiet, budgetMs });
    expectEqual('messages at the idle broker', await cluster.admin.at(idle).messageCount(clients[1].topic), 0);
    yield ratioRow({
      what: 'receive and acknowledge',
      database: '',
      base: ['one broker', base],
      subject: ['and an idle one', subject],
      atLeast: 0.95,
    });
  } finally {
    for (const client of clients) await client.close();
    await cluster.stop();
  }
}

/**
 * @param {import('../../test/support/rocketmq/start-cluster.mjs').RunningCluster} cluster
 * @param {string} topic
 * @param {number} queues
 */
function routeOf(cluster, topic, queues) {
  return eventually(`${queues} queues of ${topic}`, async () => {
    const routes = await Promise.all(cluster.proxies.map(({ endpoint }) => queryRoute(String(endpoint), topic)));
    return routes.every((route) => route.queues === queues);
  });
}
