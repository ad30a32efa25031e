import { createServer } from 'node:http';

/**
 * One service for all processes of a test run, started when the first of them asks for it: most parts of the suite need
 * none, and it takes seconds. It belongs to the process that offers it, and not to the worker that asked first and may
 * end first.
 *
 * @type {import('./shared-service.mjs').offerService}
 */
export async function offerService(start) {
  let starting;
  const server = createServer((_request, response) => {
    starting ??= start();
    starting.then(
      ({ addresses }) => response.end(JSON.stringify(addresses)),
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
        (service) => service.stop(),
        () => undefined,
      );
    },
  };
}

/** @type {import('./shared-service.mjs').askForService} */
export async function askForService(url) {
  // The process that offers it is busy, and closes connections that it has not heard of for 5 s: each question has its own.
  const response = await fetch(url, { headers: { connection: 'close' } });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}
