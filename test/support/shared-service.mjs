import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * @template Addresses where it is: plain data, which goes from process to process
 * @typedef {{ readonly addresses: Addresses, stop(): Promise<void> }} StartedService
 */

/**
 * One service for all processes of a test run, started when the first of them asks for it: most parts of the suite need
 * none, and it takes seconds. It belongs to the process that offers it, and not to the worker that asked first and may
 * end first.
 *
 * @template Addresses
 * @param {() => Promise<StartedService<Addresses>>} start
 * @returns {Promise<{ readonly url: string, stop(): Promise<void> }>} `url` is for {@link askForService}
 */
export async function offerService(start) {
  /** @type {Promise<StartedService<Addresses>> | undefined} */
  let starting;
  const server = createServer((_request, response) => {
    starting ??= start();
    starting.then(
      ({ addresses }) => response.end(JSON.stringify(addresses)),
      (error) => response.writeHead(500).end(error.message),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await starting?.then(
        (service) => service.stop(),
        () => undefined,
      );
    },
  };
}

/**
 * @template Addresses
 * @param {string} url
 * @returns {Promise<Addresses>}
 */
export async function askForService(url) {
  // The process that offers it is busy, and closes connections that it has not heard of for 5 s: each question has its own.
  const response = await fetch(url, { headers: { connection: 'close' } });
  if (!response.ok) throw new Error(await response.text());
  return /** @type {Addresses} */ (await response.json());
}
