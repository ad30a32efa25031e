// An application that sends and reads until it is told to stop, and then does not end itself: it has to end by having
// nothing left to do. `argv`: the endpoint, and the user to become, if any.
import { writeSync } from 'node:fs';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';

const [, , endpoints, uid] = process.argv;
if (uid) {
  // Loaded while files of this user may still be read.
  await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  process.setgid(Number(uid));
  process.setuid(Number(uid));
}
const say = (line) => writeSync(1, `${line}\n`);
const signal = new AbortController().signal;
const transport = rocketmq({ endpoints, connectTimeout: '1s', requestTimeout: '1s' });
const source = transport.subscribe({ topic: 'orders', instanceId: null, groupId: 'GID_a', tags: null, ordered: false });
const message = {
  topic: 'orders',
  instanceId: null,
  tag: null,
  key: 'k',
  body: '{}',
  properties: {},
  deliverAt: null,
  orderingKey: null,
};
const polls = new AbortController();

await transport.publish(message, signal);
const reading = (async () => {
  while (!polls.signal.aborted)
    await source.receive({ max: 8, waitMs: 20_000, leaseMs: 30_000 }, polls.signal).catch(() => undefined);
})();
async function stop() {
  const startedAt = performance.now();
  polls.abort();
  await reading;
  await source.close();
  await transport.close();
  say(`closed in ${Math.round(performance.now() - startedAt)} ms`);
}
process.once('SIGTERM', () => void stop());
say('ready');
