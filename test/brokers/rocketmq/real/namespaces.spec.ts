import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { eventually } from '../../../support/eventually.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import {
  bodies,
  type Delivery,
  found,
  never,
  outbound,
  poll,
  type Source,
  subscription,
  type Transport,
} from '../../../support/transport/rocketmq-stage.js';

jest.setTimeout(120_000);
const LEASE = { leaseMs: 10_000 };

// Facts of Apache's proxy, which takes no notice of a namespace; serverless instances of Alibaba Cloud want one.
describeRocketmq('a namespace, at Apache', () => {
  const broker = useRocketmq();
  const transports: Transport[] = [];
  afterEach(() => Promise.all(transports.splice(0).map((each) => each.close())));

  function inside(namespace?: string, deadLetterGroup?: string): Transport {
    const transport = rocketmq({
      endpoints: broker.endpoint,
      ...(namespace !== undefined && { namespace }),
      ...(deadLetterGroup !== undefined && { deadLetterGroup }),
    });
    transports.push(transport);
    return transport;
  }

  async function arrives(source: Source): Promise<Delivery> {
    const [delivery] = await found(source, LEASE);
    return delivery!;
  }

  it.each(['NORMAL', 'FIFO', 'DELAY'] as const)(
    'is no hindrance: %s is sent, leased, comes again, and is done',
    async (type) => {
      const ordered = type === 'FIFO';
      const [topic, groupId] = [await broker.topic(type, 1), await broker.group({ ordered })];
      const transport = inside('MQ_INST_1');
      const source = transport.subscribe(subscription({ topic, groupId, ordered }));
      const deliverAt = type === 'DELAY' ? Date.now() + 1_000 : null;
      await transport.send(outbound({ topic, deliverAt, orderingKey: ordered ? 'a' : null }), never);
      const extended = await source.extend!(await arrives(source), 20_000, never);
      expect(await source.retryIn!(extended!, 0, never)).toBe('done');
      const again = await arrives(source);
      expect(again.deliveryCount).toBe(2);
      expect(await source.ack([again], never)).toEqual(['done']);
      await source.close();
    },
  );

  it('is no hindrance: dead letters are read', async () => {
    const [topic, groupId] = [await broker.topic('NORMAL', 1), await broker.group({ maxRetries: 0 })];
    const transport = inside('MQ_INST_1', await broker.group({ maxRetries: 1_000 }));
    const source = transport.subscribe(subscription({ topic, groupId }));
    const dead = transport.deadLetters!({ groupId } as never);
    await transport.send(outbound({ topic }), never);
    await source.retryIn!(await arrives(source), 0, never);
    const letter = await eventually(
      async () => {
        await poll(source);
        return (await poll(dead))[0];
      },
      { timeoutMs: 60_000, what: 'the dead letter' },
    );
    expect(letter.message.deadLetterOf).toMatchObject({ topic });
    expect(await dead.ack([letter], never)).toEqual(['done']);
    await Promise.all([source.close(), dead.close()]);
  });

  it('keeps nothing apart: one topic is that of all namespaces, and of none', async () => {
    const [topic, groupId] = [await broker.topic('NORMAL', 1), await broker.group()];
    await inside('one').send(outbound({ topic, body: 'of one' }), never);
    for (const namespace of ['another', undefined]) {
      const source = inside(namespace).subscribe(subscription({ topic, groupId }));
      const delivery = await arrives(source);
      expect(bodies([delivery])).toEqual(['of one']);
      expect(await source.retryIn!(delivery, 0, never)).toBe('done');
      await source.close();
    }
  });

  it('is part of what its broker is called in the outbox', () => {
    const names = ['one', 'another', undefined].map((namespace) => inside(namespace).identity);
    expect(new Set(names).size).toBe(3);
  });
});
