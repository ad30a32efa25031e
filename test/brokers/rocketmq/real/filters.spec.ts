import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { eventually } from '../../../support/eventually.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';

const never = new AbortController().signal;

describeRocketmq('a subscription with tags that ends', () => {
  const broker = useRocketmq();

  it('takes nothing from a successor with other tags, also when it was given up in the middle of a poll', async () => {
    const [topic, groupId] = [await broker.topic(), await broker.group()];
    const spec = { topic, groupId, instanceId: null, ordered: false };
    const old = rocketmq({ endpoints: broker.endpoint });
    const before = old.subscribe({ ...spec, tags: ['other'] });
    await before.receive({ max: 4, waitMs: 0, leaseMs: 10_000 }, never);
    const end = new AbortController();
    const poll = before.receive({ max: 4, waitMs: 20_000, leaseMs: 10_000 }, end.signal);
    const ended = poll.then(
      () => true,
      () => true,
    );
    const soon = performance.now() + 300;
    await eventually(() => performance.now() > soon);
    end.abort();
    await ended;
    await before.close();
    await old.close();

    const transport = rocketmq({ endpoints: broker.endpoint });
    const source = transport.subscribe({ ...spec, tags: null });
    const got = new Set<string>();
    const stop = new AbortController();
    const loop = (async () => {
      while (!stop.signal.aborted) {
        const found = await source.receive({ max: 4, waitMs: 20_000, leaseMs: 10_000 }, stop.signal).catch(() => []);
        for (const { message } of found) got.add(message.key!);
        if (found.length > 0) await source.ack(found, never);
      }
    })();
    const keys = Array.from({ length: 10 }, (_, n) => `key-${n}`);
    const message = { topic, instanceId: null, tag: 'created', body: 'b', properties: {} };
    for (const key of keys) {
      await transport.send({ ...message, key, deliverAt: null, orderingKey: null }, never);
      const next = performance.now() + 200;
      await eventually(() => performance.now() > next);
    }
    try {
      await eventually(() => got.size === keys.length, { what: 'all messages received' });
    } finally {
      stop.abort();
      await loop;
      await source.close();
      await transport.close();
    }
  });
});
