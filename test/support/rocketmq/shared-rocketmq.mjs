import { createServer } from 'node:http';
import { startRocketmq } from './start-rocketmq.mjs';

/**
 * One RocketMQ for all processes of a test run, started when the first of them asks for it: most parts of the suite need
 * none, and it takes 8 s. It belongs to the process that offers it, and not to the worker that asked first and may end first.
 *
 * @returns {Promise<{ url: string, stop(): Promise<void> }>} `url` is for {@link askForRocketmq}
 */
export async function offerRocketmq() {
  let starting;
  const server = createServer((_request, response) => {
    starting ??= startRocketmq();
    starting.then(
      ({ endpoint, adminAddress, nameServer }) => response.end(JSON.stringify({ endpoint, adminAddress, nameServer })),
      (error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await starting?.then(
        (rocketmq) => rocketmq.stop(),
        () => undefined,
      );
    },
  };
}

/**
 * @param {string} url
 * @returns {Promise<import('./rocketmq-admin.mjs').RocketmqAddresses>}
 */
export async function askForRocketmq(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}
