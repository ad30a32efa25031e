import { connect, createServer, type Socket } from 'node:net';

/** A way to a server on which everything takes its time, in both directions, and nothing overtakes anything. */
export interface SlowNetwork {
  /** The URL of the server, by this way. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param delayMs of one piece, asked for each
 * @param onRequest told of each piece that a client sends
 */
export async function slowNetwork(
  target: string,
  delayMs: () => number,
  onRequest: () => void = () => {},
): Promise<SlowNetwork> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      let queue = Promise.resolve();
      from.on('data', (piece) => {
        if (from === client) onRequest();
        const arrives = new Promise<void>((resolve) => setTimeout(resolve, delayMs()));
        queue = queue.then(() => arrives).then(() => void to.write(piece));
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        void queue.then(() => to.destroy());
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { port: number }).port);
  return {
    url: url.href,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
