import { connect, createServer } from 'node:net';

/**
 * Below what systems hand out for outgoing connections (32768 on Linux, 49152 elsewhere): a broker that is down for a
 * moment would lose its port to one of those. Chance instead of counting up, so that two processes rarely ask for the same.
 */
const FIRST = 15_000;
const LAST = 32_000;

/**
 * Ports for one RocketMQ. The broker derives two more from its own: one below by two, for clients that want a fast lane, and
 * one above, for replicas.
 */
export async function freePorts() {
  for (;;) {
    const broker = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const ports = { broker, nameServer: broker + 2, grpc: broker + 3, remoting: broker + 4 };
    const taken = [broker - 2, broker + 1, ...Object.values(ports)];
    if ((await Promise.all(taken.map(isFree))).every(Boolean)) return ports;
  }
}

/**
 * Asked on all interfaces, because the gRPC port, the proxy's remoting port and the one for replicas cannot be bound to one.
 *
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/**
 * Asked by connecting: to bind it would be in the way of who is about to.
 *
 * @param {string} address `host:port`
 * @returns {Promise<boolean>}
 */
export function isListening(address) {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
