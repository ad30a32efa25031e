import { within } from '../harness/within.mjs';

/**
 * Two polls at a time, as a loop by hand would. Without a number: until nothing comes any more.
 *
 * @param {import('./rocketmq-clients.mjs').Client & { name?: string }} client
 * @param {number} count
 * @param {number} [waitMs]
 */
export async function receiveAll(client, count, waitMs = 1_000) {
  /** @type {Set<string>} */
  const seen = new Set();
  const startedAt = performance.now();
  // Until the last acknowledgement: the other poll still waits for messages that do not come.
  /** @type {number | undefined} */
  let ms;
  let over = false;
  const loop = async () => {
    while (!over && seen.size < count) {
      const { keys, ack } = await client.receive(waitMs);
      for (const key of keys) seen.add(key);
      await ack();
      if (seen.size >= count) ms ??= performance.now() - startedAt;
      if (keys.length === 0 && count === Number.POSITIVE_INFINITY) over = true;
    }
  };
  await within(60_000, `receiving with the ${client.name}`, Promise.all([loop(), loop()]));
  return { seen, ms };
}
