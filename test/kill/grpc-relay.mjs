import { connect, createServer } from 'node:http2';

/**
 * Passes gRPC calls on to a server, over a connection of its own for each that comes in; when one of the two ends, the
 * other does. To its clients it is like a load balancer: while nobody listens behind it, connections are made and end at once.
 *
 * `watch(host)` answers, by name of the method, with what makes the watcher of one call: `request` says whether to pass the
 * request on, `answer` what to answer (`null`: nothing), `over` is told when the call has ended in whatever way,
 * `answered` when it has with that answer. A watched call is held until it is whole; all others flow.
 *
 * @param {() => string} target `host:port`, asked for each connection
 */
export async function startGrpcRelay(target, watch) {
  const sessions = new Set();
  const server = createServer();
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
      const watcher = watchers[headers[':path'].split('/').at(-1)];
      const forward = () => ask(upstream, headers, stream);
      if (watcher) passWhole(stream, forward, watcher()).catch(() => stream.destroy());
      else flow(stream, forward);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  watchers = watch(host);
  return {
    host,
    close() {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function ask(upstream, headers, stream) {
  const call = upstream.request(headers);
  call.on('error', () => stream.destroy());
  stream.on('aborted', () => call.destroy());
  return call;
}

function flow(stream, forward) {
  const call = forward();
  stream.pipe(call);
  let trailers = null;
  call.on('trailers', (given) => (trailers = given));
  call.on('response', (head, flags) => {
    respond(stream, head, flags, () => trailers);
    if (stream.writable) call.pipe(stream);
  });
}

async function passWhole(stream, forward, watcher) {
  let passed = false;
  stream.once('close', () => {
    watcher.over?.();
    if (passed && stream.rstCode === 0) watcher.answered?.();
  });
  const request = await collect(stream);
  if (!watcher.request(request)) return;
  const call = forward();
  call.end(request);
  let head;
  let flags;
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

/** gRPC has its status in the trailers, or in the headers of an answer that consists of nothing else. */
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

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
