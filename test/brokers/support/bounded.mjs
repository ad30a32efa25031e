// An application with a small heap, at a broker that sends more than it can hold. `argv`: transport, endpoint.
// Prints what became of a publish and of a poll, and the most memory that it ever took, in MiB.
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { peakMemoryMib } from '../../support/peak-memory.mjs';

const [, , name, endpoint] = process.argv;
const transport =
  name === 'http'
    ? aliyunHttp({ endpoint, accessKeyId: 'a', accessKeySecret: 'b', requestTimeout: '60s', pollTimeout: '120s' })
    : rocketmq({ endpoints: endpoint, requestTimeout: '120s' });
const names = { topic: 'orders', instanceId: null, tag: null };
const message = { ...names, key: 'k', body: '{}', properties: {}, deliverAt: null, orderingKey: null };
const { signal } = new AbortController();

console.log(
  await transport.send(message, signal).then(
    () => 'sent',
    ({ kind }) => kind,
  ),
);
const source = transport.subscribe({ ...names, groupId: 'GID_stock', tags: null, ordered: false });
/** @type {string | Awaited<ReturnType<typeof source.receive>>} */
const found = await source.receive({ max: 5, waitMs: 1_000, leaseMs: 30_000 }, signal).catch(({ kind }) => kind);
console.log(
  typeof found === 'string'
    ? found
    : JSON.stringify(found.map(({ message: { body, unreadable } }) => [body.length, unreadable])),
);
console.log(peakMemoryMib());
await source.close();
await transport.close();
