import 'reflect-metadata';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer } from '../../../support/node/consumer.js';
import { bootNode, told } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { useRocketmqCluster } from '../../../support/rocketmq/use-cluster.js';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { Load } from '../../../support/node/load.js';

jest.setTimeout(240_000);
const FROZEN_MS = 20_000;

/**
 * What takes part of a cluster away, while messages flow. Each case ends with everything handled once and nothing given up;
 * and as the other part is there all the time, messages go on meanwhile. PostgreSQL alone: what happens is the transport's affair.
 */
describeRocketmq('a cluster that loses one of its processes under load', () => {
  const cluster = useRocketmqCluster();

  describeDatabases(
    'the application',
    (db) => {
      let load: Load;
      let parked: unknown[];
      afterEach(() => load?.stop());
      closeAfterEach();
      const tables = new Tables(db);
      beforeEach(async () => {
        const node = await bootNode(db, {
          transport: rocketmq({ endpoints: cluster.endpoints }),
          topics: { orders: { topic: await cluster.topic() } },
          groups: { stock: { groupId: await cluster.group() } },
          reproduce: { idle: '500ms' },
          consume: { timeout: '5s' },
          handlers: [consumer('orders', 'stock', (message, context) => tables.effect(context, message))],
        });
        parked = told(node, 'message.parked');
        load = new Load(node, () => tables.effects());
        await load.flows();
      });
      const allIsWell = async (): Promise<void> => {
        await load.settles();
        expect(await tables.effects()).toEqual(load.published.toSorted());
        await eventually(async () => (await tables.statuses()).every(({ status }) => status === 'SENT'), {
          timeoutMs: 60_000,
          what: 'all marked as sent',
        });
        expect(parked).toEqual([]);
      };

      it.each([
        ['SIGKILL', 'kill'],
        ['SIGTERM, as for an update', 'terminate'],
      ] as const)('proxies, one after the other: %s', async (_, end) => {
        for (const proxy of cluster.proxies) {
          await proxy[end]();
          await load.goesOn();
          await proxy.start();
          await load.goesOn();
        }
        await allIsWell();
      });

      it('a broker: SIGKILL', async () => {
        await cluster.process('broker-a').kill();
        await load.goesOn();
        await cluster.process('broker-a').start();
        await load.goesOn();
        await allIsWell();
      });

      it('a broker: frozen', async () => {
        const broker = cluster.process('broker-b');
        broker.pause();
        try {
          const until = performance.now() + FROZEN_MS;
          await load.goesOn();
          await eventually(() => performance.now() > until, { timeoutMs: FROZEN_MS + 1_000, what: 'its time' });
        } finally {
          broker.resume();
        }
        await load.goesOn();
        await allIsWell();
      });
    },
    ['PostgreSQL'],
  );
});
