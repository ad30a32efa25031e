import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { eventually } from '../../../support/eventually.js';
import { queryRoute, ROUTE_OK } from '../../../support/rocketmq/query-route.mjs';
import { useRocketmqCluster } from '../../../support/rocketmq/use-cluster.js';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { never, outbound, poll, subscription, type Transport } from '../../../support/transport/rocketmq-stage.js';

describeRocketmq('a cluster of two brokers', () => {
  describe.each(['cluster', 'local'] as const)('with proxies in %s mode', (mode) => {
    const cluster = useRocketmqCluster({ mode });
    const transports: Transport[] = [];
    afterEach(() => Promise.all(transports.splice(0).map((transport) => transport.close())));
    const connect = (endpoints = cluster.endpoints): Transport => {
      const transport = rocketmq({ endpoints });
      transports.push(transport);
      return transport;
    };

    it('takes messages at both, and hands all of them out', async () => {
      const topic = await cluster.topic();
      const groupId = await cluster.group();
      const transport = connect();
      const source = transport.subscribe(subscription({ topic, groupId }));
      // A group that the broker has never seen may begin at the end of the topic.
      await poll(source);
      const sent = Array.from({ length: 40 }, (_, n) => `"${n}"`);
      for (const body of sent) await transport.send(outbound({ topic, body }), never);
      // A broker counts a message a moment after it has confirmed it.
      await eventually(async () => (await cluster.admin.messageCount(topic)) >= sent.length, {
        what: 'all being counted',
      });
      const stored = await Promise.all(cluster.brokers.map(({ name }) => cluster.admin.at(name).messageCount(topic)));
      expect(stored).toEqual([expect.any(Number), expect.any(Number)]);
      expect(Math.min(...stored)).toBeGreaterThan(0);
      expect(stored[0]! + stored[1]!).toBe(sent.length);

      const got: string[] = [];
      await eventually(
        async () => {
          const deliveries = await poll(source);
          got.push(...deliveries.map(({ message }) => String(message.body)));
          expect(new Set(await source.ack(deliveries, never))).toEqual(new Set(deliveries.length > 0 ? ['done'] : []));
          return got.length >= sent.length;
        },
        { timeoutMs: 60_000, what: 'all messages' },
      );
      expect(got.toSorted()).toEqual(sent.toSorted());
      await source.close();
    });

    it('has topics that only one of them has', async () => {
      const topic = await cluster.topic('NORMAL', { queues: 3, on: ['broker-b'] });
      for (const { endpoint } of cluster.proxies)
        expect(await queryRoute(endpoint!, topic)).toMatchObject({ code: ROUTE_OK, queues: 3 });
      // In local mode a proxy knows the types of its own broker's topics only.
      await connect(mode === 'local' ? cluster.process('broker-b').endpoint! : cluster.endpoints).send(
        outbound({ topic }),
        never,
      );
      await eventually(async () => (await cluster.admin.at('broker-b').messageCount(topic)) === 1, {
        what: 'it being counted',
      });
      expect(await cluster.admin.at('broker-a').messageCount(topic)).toBe(0);
    });

    it('loses one of its processes, and has it back with what it had', async () => {
      const topic = await cluster.topic();
      const transport = connect();
      let sent = 0;
      for (; (await cluster.admin.at('broker-b').messageCount(topic)) === 0; sent++)
        await transport.send(outbound({ topic }), never);
      const allCounted = (): Promise<unknown> =>
        eventually(async () => (await cluster.admin.messageCount(topic)) === sent, { what: 'all being counted' });
      await allCounted();
      const broker = cluster.process('broker-b');
      const { pid } = broker;
      await broker.restart();
      expect(broker.pid).not.toBe(pid);
      await allCounted();
      broker.pause();
      await expect(cluster.admin.at('broker-b').messageCount(topic)).rejects.toThrow(/no answer/);
      broker.resume();
      await allCounted();
    });
  });
});
