import { eventually } from '../../support/eventually.js';
import { queryRoute, ROUTE_OK } from '../../support/rocketmq/query-route.mjs';
import { remoting } from '../../support/rocketmq/remoting.mjs';
import { describeRocketmq, useRocketmq } from '../../support/rocketmq/use-rocketmq.js';

const TOPIC_NOT_FOUND = 40_402;
const SEND_MESSAGE = 10;

describeRocketmq('RocketMQ that all tests share', () => {
  const rocketmq = useRocketmq();

  it('has a topic that is made while it runs, by the time that it is made', async () => {
    for (const type of ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION'] as const) {
      const topic = await rocketmq.topic(type, 3);
      expect(await queryRoute(rocketmq.endpoint, topic)).toMatchObject({ code: ROUTE_OK, queues: 3, types: [type] });
    }
  });

  it('has it even if somebody asked for it before, which the proxy remembers', async () => {
    const name = `asked_before_${process.pid}`;
    expect((await queryRoute(rocketmq.endpoint, name)).code).toBe(TOPIC_NOT_FOUND);
    await rocketmq.admin.createTopic({ name });
    expect((await queryRoute(rocketmq.endpoint, name)).code).toBe(ROUTE_OK);
    await rocketmq.admin.deleteTopic(name);
    expect(await rocketmq.admin.isRegistered(name)).toBe(false);
  });

  it('counts what is in a topic, and what a group has not consumed', async () => {
    const topic = await rocketmq.topic();
    const group = await rocketmq.group();
    for (const queueId of [0, 1, 1]) await send(topic, queueId);

    await eventually(async () => (await rocketmq.admin.messageCount(topic)) === 3, { what: 'all being counted' });
    const offsets = await rocketmq.admin.topicOffsets(topic);
    expect(offsets.sort((a, b) => a.queue - b.queue).map(({ min, max }) => [min, max])).toEqual([
      [0, 1],
      [0, 2],
      [0, 0],
      [0, 0],
    ]);
    expect(await rocketmq.admin.lag(group, topic)).toBe(3);
    expect(await rocketmq.admin.deadLetterCount(group)).toBe(0);
  });

  function send(topic: string, queueId: number): Promise<unknown> {
    return remoting(rocketmq.adminAddress, {
      code: SEND_MESSAGE,
      text: 'body',
      fields: {
        producerGroup: 'test',
        topic,
        defaultTopic: 'TBW102',
        defaultTopicQueueNums: 4,
        queueId,
        sysFlag: 0,
        bornTimestamp: Date.now(),
        flag: 0,
        properties: '',
        reconsumeTimes: 0,
        unitMode: false,
        batch: false,
      },
    });
  }
});
