import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { eventually } from '../../../support/eventually.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import {
  bodies,
  failure,
  found,
  never,
  outbound,
  poll,
  subscription,
  type Transport,
} from '../../../support/transport/rocketmq-stage.js';

jest.setTimeout(120_000);

describeRocketmq('a group', () => {
  const broker = useRocketmq();
  const transports: Transport[] = [];
  const transport = (profile: 'apache' | 'aliyun' = 'apache'): Transport => {
    const made = rocketmq({ endpoints: broker.endpoint, profile });
    transports.push(made);
    return made;
  };
  afterEach(() => Promise.all(transports.splice(0).map((each) => each.close())));

  it('that was not made for order is told to read an ordered topic, and loses nothing of it until it is mended', async () => {
    const [topic, groupId] = [await broker.topic('FIFO', 1), await broker.group()];
    const spec = subscription({ topic, groupId, ordered: true });
    const source = transport().subscribe(spec);
    // What its servers say of a group nobody here has seen: no group is stopped for it.
    expect(await poll(transport('aliyun').subscribe(spec))).toEqual([]);
    for (const body of ['1', '2', '3']) await transports[0]!.send(outbound({ topic, body, orderingKey: 'a' }), never);
    expect(await failure(poll(source))).toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining(
        'the group was not made for orderly delivery; make it so at the broker',
      ) as string,
    });
    await broker.admin.createGroup({ name: groupId, ordered: true });
    const deliveries = await eventually(() => found(source), { what: 'the change being noticed' });
    expect(deliveries.map(({ message }) => message.body)).toEqual(['1', '2', '3']);
    await source.ack(deliveries, never);
    await source.close();
  });

  it('that was made for order reads other topics as well', async () => {
    const [topic, groupId] = [await broker.topic(), await broker.group({ ordered: true })];
    const source = transport().subscribe(subscription({ topic, groupId }));
    await transports[0]!.send(outbound({ topic }), never);
    await source.ack(await found(source), never);
    await source.close();
  });

  it('may read one topic here and another one there', async () => {
    const [groupId, ...topics] = [await broker.group(), await broker.topic(), await broker.topic()];
    const sources = topics.map((topic) => transport().subscribe(subscription({ topic, groupId })));
    for (const source of sources) await poll(source);
    for (let n = 0; n < 4; n++)
      for (const topic of topics) await transports[0]!.send(outbound({ topic, body: `${topic} ${n}` }), never);
    for (const [index, source] of sources.entries()) {
      const got = new Set<string>();
      await eventually(
        async () => {
          const deliveries = await poll(source);
          for (const body of bodies(deliveries)) got.add(body);
          await source.ack(deliveries, never);
          return got.size === 4;
        },
        { what: 'all messages of its topic' },
      );
      expect([...got].toSorted()).toEqual([0, 1, 2, 3].map((n) => `${topics[index]} ${n}`));
      await source.close();
    }
  });

  // A fact of Apache's proxy, for which the guide tells what to do. If this fails, the guide can be shorter.
  it('whose members want different tags loses what the one who asks does not want', async () => {
    const [groupId, topic] = [await broker.group(), await broker.topic('NORMAL', 1)];
    const [one, other] = ['a', 'b'].map((tag) => transport().subscribe(subscription({ topic, groupId, tags: [tag] })));
    const send = (tag: string, body: string) => transports[0]!.send(outbound({ topic, tag, body }), never);
    await send('b', 'asked for by another');
    await send('a', 'asked for');
    const deliveries = await found(one!);
    expect(bodies(deliveries)).toEqual(['asked for']);
    await one!.ack(deliveries, never);
    await send('b', 'the next');
    expect(bodies(await found(other!))).toEqual(['the next']);
    await Promise.all([one!.close(), other!.close()]);
  });
});
