import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** @typedef {{ after: boolean, patterns: RegExp[], fire: () => void }} DatabasePoint */
/** @typedef {{ next: number, point: DatabasePoint | null, withhold: boolean }} ConnectionState */

/**
 * A TCP proxy in front of a database that reads along. Both wire protocols carry statements as plain text, so a
 * statement is recognized by a pattern; patterns may have to follow one another on one connection, to tell the COMMIT
 * of one transaction from that of another.
 *
 * `arm({ after, patterns, fire })`: when the last of `patterns` is seen on a connection that has seen the ones before it,
 * `fire` is called: at once and without forwarding the statement, or with `after` once the server has answered it and
 * before the client learns of that.
 *
 * @param {URL} target
 */
export async function startDatabaseProxy(target) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  /** @type {DatabasePoint | null} */
  let armed = null;

  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    /** @type {ConnectionState} */
    const state = { next: 0, point: null, withhold: false };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      const point = armed;
      if (point !== state.point) Object.assign(state, { point, next: 0 });
      if (point && seen(point, state, chunk.toString('latin1'))) {
        armed = null;
        if (!point.after) {
          point.fire();
          return;
        }
        state.withhold = true;
        upstream.once('data', () => point.fire());
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!state.withhold) client.write(chunk);
    });
  });

  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(target.href);
  url.port = String(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
  url.hostname = '127.0.0.1';
  return {
    url: url.href,
    /** @param {DatabasePoint} point */
    arm(point) {
      armed = point;
    },
    disarm() {
      armed = null;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Several statements may stand in one chunk, so one chunk may match several patterns in a row.
 *
 * @param {DatabasePoint} point
 * @param {ConnectionState} state
 * @param {string} text
 */
function seen(point, state, text) {
  while (state.next < point.patterns.length && point.patterns[state.next].test(text)) {
    const last = state.next === point.patterns.length - 1;
    // Two patterns of one statement would both match it; what follows must come in a chunk of its own.
    state.next++;
    if (last) return true;
    return false;
  }
  return false;
}
