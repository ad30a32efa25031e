import { once } from 'node:events';
import { connect, constants, createServer } from 'node:http2';
import { isOk, readAck, readRoute, readSend, rewriteRoute } from './rocketmq-wire.mjs';

/** @typedef {import('node:http2').ServerHttp2Stream} Stream */
/** @typedef {import('node:http2').IncomingHttpHeaders} Headers */
/** @typedef {{ stream: Stream, headers: Headers, far: import('node:http2').ClientHttp2Session }} Call */
/** @typedef {{ headers: Headers, trailers: Headers | null, body: Buffer }} Answer */

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR } = constants;
const SERVICE = '/apache.rocketmq.v2.MessagingService/';

/**
 * Passes gRPC calls on to RocketMQ, and asks the gate about each message on its way. Routes name the address of the proxy
 * itself, where clients would go past the relay; so each address that a route names gets a port here, and the client is told
 * that one instead. Each connection has one of its own behind it, which ends with it: a killed process is gone for
 * the broker, too.
 *
 * @param {string} target `host:port`
 * @param {{ gate: import('./gate.mjs').Gate, secure: boolean }} options
 */
export async function startGrpcRelay(target, options) {
  const relay = new GrpcRelay(options);
  const port = await relay.portFor(target);
  return {
    endpoint: `127.0.0.1:${port}`,
    /**
     * How many deliveries of a topic the broker has said to be settled, by all groups together.
     *
     * @param {string} topic
     */
    acknowledged: (topic) => relay.acknowledged.get(topic) ?? 0,
    close: () => relay.close(),
  };
}

class GrpcRelay {
  /**
   * By topic.
   *
   * @type {Map<string, number>}
   */
  acknowledged = new Map();
  #gate;
  #scheme;
  /**
   * By the address behind it.
   *
   * @type {Map<string, Promise<number>>}
   */
  #ports = new Map();
  /** @type {import('node:http2').Http2Server[]} */
  #servers = [];
  /** @type {Set<import('node:http2').Http2Session>} */
  #sessions = new Set();

  /** @param {{ gate: import('./gate.mjs').Gate, secure: boolean }} options */
  constructor({ gate, secure }) {
    this.#gate = gate;
    this.#scheme = secure ? 'https' : 'http';
  }

  /** @param {string} target */
  portFor(target) {
    let port = this.#ports.get(target);
    if (!port) this.#ports.set(target, (port = this.#listen(target)));
    return port;
  }

  async close() {
    for (const session of this.#sessions) session.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /**
   * @param {string} target
   * @returns {Promise<number>}
   */
  async #listen(target) {
    const server = createServer();
    server.on('session', (near) => {
      const far = connect(`${this.#scheme}://${target}`);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ]) {
        // prettier-ignore
        this.#sessions.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.#sessions.delete(one);
          other.destroy();
        });
      }
      near.on('stream', (stream, headers) => {
        stream.on('error', () => undefined);
        // A client learns from it what it learns from a connection that ends.
        this.#pass(stream, headers, far).catch(() => stream.close(NGHTTP2_CANCEL));
      });
    });
    this.#servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  }

  /**
   * @param {Stream} stream
   * @param {Headers} headers
   * @param {import('node:http2').ClientHttp2Session} far
   * @returns {Promise<void>}
   */
  async #pass(stream, headers, far) {
    const call = { stream, headers, far };
    if (headers[':path'] === `${SERVICE}SendMessage`) return this.#send(call);
    if (headers[':path'] === `${SERVICE}QueryRoute`) return this.#route(call);
    if (headers[':path'] === `${SERVICE}AckMessage`) return this.#ack(call);
    return passOn(call);
  }

  /** @param {Call} call */
  async #send(call) {
    const request = await readAll(call.stream);
    const { tag, messageId } = readSend(request);
    const decision = this.#gate.decide(tag);
    if (decision === 'hold') {
      await this.#gate.hold(messageId, { taken: false });
      return call.stream.close(NGHTTP2_CANCEL);
    }
    const answer = await ask(call, request);
    if (decision === 'pass' || !isOk(answer.body)) return reply(call.stream, answer);
    await this.#gate.hold(messageId, { taken: true });
    return call.stream.close(NGHTTP2_CANCEL);
  }

  /** @param {Call} call */
  async #ack(call) {
    const request = await readAll(call.stream);
    const answer = await ask(call, request);
    const { topic, count } = readAck(request, answer.body);
    this.acknowledged.set(topic, (this.acknowledged.get(topic) ?? 0) + count);
    return reply(call.stream, answer);
  }

  /** @param {Call} call */
  async #route(call) {
    const answer = await ask(call, await readAll(call.stream));
    if (answer.body.length === 0) return reply(call.stream, answer);
    const addresses = readRoute(answer.body);
    const ports = await Promise.all(addresses.map((address) => this.portFor(address)));
    const body = rewriteRoute(answer.body, new Map(addresses.map((address, index) => [address, ports[index]])));
    return reply(call.stream, { ...answer, body });
  }
}

/**
 * Passes both directions on as they come.
 *
 * @param {Call} options
 */
function passOn({ stream, headers, far }) {
  const onward = far.request(headers);
  onward.on('error', () => undefined);
  /** @type {Headers} */
  let trailers = {};
  onward.on('trailers', (received) => (trailers = received));
  onward.on('response', (received, flags) => {
    if (!stream.destroyed) respond(stream, received, (flags & NGHTTP2_FLAG_END_STREAM) !== 0, () => trailers);
  });
  onward.on('close', () => {
    if (onward.rstCode !== NGHTTP2_NO_ERROR) stream.close(onward.rstCode);
  });
  stream.on('close', () => onward.close(NGHTTP2_CANCEL));
  stream.pipe(onward);
  onward.pipe(stream);
}

/**
 * The whole answer to a request. @throws when the broker breaks it off
 *
 * @param {Pick<Call, 'headers' | 'far'>} options
 * @param {Buffer} request
 * @returns {Promise<Answer>}
 */
async function ask({ headers, far }, request) {
  const onward = far.request(headers);
  const answer = { headers: {}, trailers: null };
  onward.on('response', (received) => (answer.headers = received));
  onward.on('trailers', (received) => (answer.trailers = received));
  onward.end(request);
  const body = await readAll(onward);
  return { ...answer, body };
}

/**
 * @param {Stream} stream
 * @param {Answer} options
 */
function reply(stream, { headers, trailers, body }) {
  if (stream.destroyed) return;
  respond(stream, headers, trailers === null, () => trailers ?? {});
  if (trailers !== null) stream.end(body);
}

/**
 * @param {Stream} stream
 * @param {Headers} headers
 * @param {boolean} isWhole
 * @param {() => Headers} trailers
 */
function respond(stream, headers, isWhole, trailers) {
  stream.once('wantTrailers', () => stream.sendTrailers(trailers()));
  stream.respond(headers, isWhole ? { endStream: true } : { waitForTrailers: true });
}

/** @param {import('node:stream').Readable} stream */
async function readAll(stream) {
  /** @type {Buffer[]} */
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
