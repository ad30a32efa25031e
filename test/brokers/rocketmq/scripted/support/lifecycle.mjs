// An application that sends and reads until it is told to stop, and then does not end itself: it has to end by having
// nothing left to do. `argv`: the endpoint, and the user to become, if any.
import { writeSync } from 'node:fs';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { message } from './message.mjs';

const [, , endpoints, uid] = process.argv;
if (uid) {
  // Loaded while files of this user may still be read.
  await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  // Not there on Windows, where no user is given.
  process.setgid?.(Number(uid));
  process.setuid?.(Number(uid));
}
/** @param {string} line */
const say = (line) => writeSync(1, `${line}\n`);
const signal = new AbortController().signal;
const transport = rocketmq({ endpoints, connectTimeout: '1s', requestTimeout: '1s' });
const source = transport.subscribe({ topic: 'orders', instanceId: null, groupId: 'GID_a', tags: null, ordered: false });
const polls = new AbortController();

/** The limits are short; on a busy machine the first connection takes longer than they allow. */
const sent = () =>
  transport.send(message, signal).then(
    () => true,
    () => false,
  );
while (!(await sent()));
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
