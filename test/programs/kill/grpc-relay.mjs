import { once } from 'node:events';
import { connect, createServer } from 'node:http2';

/** @typedef {import('node:http2').ServerHttp2Stream} Stream */
/** @typedef {import('node:http2').IncomingHttpHeaders} Headers */
/**
 * @typedef {object} Watcher
 * @property {(request: Buffer) => boolean} request whether to pass the request on
 * @property {(answer: Buffer) => Buffer | null} answer what to answer; `null`: nothing
 * @property {() => unknown} [answered] told when it has with that answer
 */
/** @typedef {Record<string, () => Watcher>} Watchers */

/**
 * Passes gRPC calls on to a server, over a connection of its own for each that comes in; when one of the two ends, the
 * other does. To its clients it is like a load balancer: while nobody listens behind it, connections are made and end at once.
 *
 * `watch(host)` answers, by name of the method, with what makes the watcher of one call: `request` says whether to pass the
 * request on, `answer` what to answer (`null`: nothing), `over` is told when the call has ended in whatever way,
 * `answered` when it has with that answer. A watched call is held until it is whole; all others flow.
 *
 * @param {() => string} target `host:port`, asked for each connection
 * @param {() => string} target
 * @param {(host: string) => Watchers} watch
 */
export async function startGrpcRelay(target, watch) {
  /** @type {Set<import('node:http2').Http2Session>} */
  const sessions = new Set();
  const server = createServer();
  /** @type {Watchers} */
  let watchers = {};
  server.on('session', (session) => {
    const upstream = connect(`http://${target()}`);
    for (const [one, other] of [
      [session, upstream],
      [upstream, session],
    ]) {
      sessions.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sessions.delete(one);
        other.destroy();
      });
    }
    session.on('stream', (stream, { ...headers }) => {
      delete headers[':authority'];
      stream.on('error', () => undefined);
      const watcher = watchers[String(headers[':path']).split('/').at(-1) ?? ''];
      const forward = () => ask(upstream, headers, stream);
      if (watcher) passWhole(stream, forward, watcher()).catch(() => stream.destroy());
      else flow(stream, forward);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
  watchers = watch(host);
  return {
    host,
    close() {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * @param {import('node:http2').ClientHttp2Session} upstream
 * @param {Headers} headers
 * @param {Stream} stream
 */
function ask(upstream, headers, stream) {
  const call = upstream.request(headers);
  call.on('error', () => stream.destroy());
  stream.on('aborted', () => call.destroy());
  return call;
}

/**
 * @param {Stream} stream
 * @param {() => import('node:http2').ClientHttp2Stream} forward
 */
function flow(stream, forward) {
  const call = forward();
  stream.pipe(call);
  /** @type {Headers | null} */
  let trailers = null;
  call.on('trailers', (given) => (trailers = given));
  call.on('response', (head, flags) => {
    respond(stream, head, flags, () => trailers);
    if (stream.writable) call.pipe(stream);
  });
}

/**
 * @param {Stream} stream
 * @param {() => import('node:http2').ClientHttp2Stream} forward
 * @param {Watcher} watcher
 */
async function passWhole(stream, forward, watcher) {
  let passed = false;
  stream.once('close', () => {
    if (passed && stream.rstCode === 0) watcher.answered?.();
  });
  const request = await collect(stream);
  if (!watcher.request(request)) return;
  const call = forward();
  call.end(request);
  /** @type {Headers} */
  let head = {};
  let flags = 0;
  /** @type {Headers | null} */
  let trailers = null;
  call.on('response', (...given) => ([head, flags] = given));
  call.on('trailers', (given) => (trailers = given));
  const body = await collect(call);
  const answer = watcher.answer(body);
  if (answer === null || stream.destroyed) return;
  passed = true;
  respond(stream, head, flags, () => trailers);
  if (stream.writable) stream.end(answer);
}

/**
 * gRPC has its status in the trailers, or in the headers of an answer that consists of nothing else.
 *
 * @param {Stream} stream
 * @param {Headers} head
 * @param {number} flags
 * @param {() => Headers | null} trailers
 */
function respond(stream, head, flags, trailers) {
  if (stream.destroyed || stream.headersSent) return;
  const END_STREAM = 1;
  if (flags & END_STREAM) {
    stream.respond(head, { endStream: true });
  } else {
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers() ?? {}));
  }
}

/** @param {import('node:stream').Readable} stream */
async function collect(stream) {
  /** @type {Buffer[]} */
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
