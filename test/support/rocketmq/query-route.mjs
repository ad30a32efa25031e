import { createHmac, randomUUID } from 'node:crypto';
import { connect } from 'node:http2';
import { bytesOf, fields, lengthDelimited, numberOf, varintField } from './protobuf.mjs';

/**
 * @typedef {object} RouteAnswer
 * @property {number} code {@link ROUTE_OK} for a route
 * @property {string} message
 * @property {number} queues
 * @property {Record<string, number>} byBroker how many of them each broker has
 * @property {string[]} types
 */

/** What the protocol calls the types of messages that a topic takes. */
/** @type {Record<number, string>} */
const TYPES = { 1: 'NORMAL', 2: 'FIFO', 3: 'DELAY', 4: 'TRANSACTION', 5: 'LITE', 6: 'PRIORITY' };
/** `Code.OK` */
export const ROUTE_OK = 20_000;
const PATH = '/apache.rocketmq.v2.MessagingService/QueryRoute';

/**
 * Asks the proxy where a topic is, as every client does first. Spoken by hand over HTTP/2, so that what says whether the
 * broker is ready shares nothing with what is tested against it.
 *
 * Field numbers from `apache/rocketmq/v2/service.proto` and `definition.proto` of apache/rocketmq-apis.
 *
 * @param {string} endpoint `host:port`
 * @param {string} topic
 * @param {{ auth?: { accessKey: string, accessSecret: string }, timeoutMs?: number }} [options]
 * @returns {Promise<RouteAnswer>}
 */
export function queryRoute(endpoint, topic, { auth, timeoutMs = 2_000 } = {}) {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${endpoint}`);
    /** @param {Error | string} error */
    const fail = (error) => {
      session.destroy();
      reject(error instanceof Error ? error : new Error(error));
    };
    const late = setTimeout(fail, timeoutMs, `no route from ${endpoint} within ${timeoutMs} ms`);
    session.once('close', () => clearTimeout(late));
    session.once('error', fail);
    const stream = session.request({ ':method': 'POST', ':path': PATH, ...headers(auth) });
    /** @type {Buffer[]} */
    const chunks = [];
    /** @type {import('node:http2').IncomingHttpHeaders} */
    let status = {};
    stream.on('response', (response) => (status = response));
    stream.on('trailers', (trailers) => (status = trailers));
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.once('error', fail);
    stream.once('end', () => {
      if (status['grpc-status'] !== '0') {
        return fail(`QueryRoute: gRPC status ${status['grpc-status']} ${status['grpc-message'] ?? ''}`);
      }
      session.close();
      resolve(readResponse(Buffer.concat(chunks).subarray(5)));
    });
    stream.end(frame(request(endpoint, topic)));
  });
}

/** @param {import('./start-rocketmq.mjs').RocketmqCredentials | undefined} auth */
function headers(auth) {
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  return {
    'content-type': 'application/grpc',
    te: 'trailers',
    'x-mq-protocol': 'v2',
    'x-mq-client-id': `probe@${process.pid}`,
    'x-mq-request-id': randomUUID(),
    'x-mq-language': 'HTTP', // a name that the server does not know is an exception there
    'x-mq-client-version': '5.0.0',
    'x-mq-date-time': now,
    ...(auth && {
      authorization:
        `MQv2-HMAC-SHA1 Credential=${auth.accessKey}, SignedHeaders=x-mq-date-time, ` +
        `Signature=${createHmac('sha1', auth.accessSecret).update(now).digest('hex')}`,
    }),
  };
}

/**
 * `QueryRouteRequest { topic { name }, endpoints { scheme IPv4, addresses { host, port } } }`
 *
 * @param {string} endpoint
 * @param {string} topic
 */
function request(endpoint, topic) {
  const [host, port] = endpoint.split(':');
  const address = Buffer.concat([lengthDelimited(1, Buffer.from(host)), varintField(2, Number(port))]);
  return Buffer.concat([
    lengthDelimited(1, lengthDelimited(2, Buffer.from(topic))),
    lengthDelimited(2, Buffer.concat([varintField(1, 1), lengthDelimited(2, address)])),
  ]);
}

/**
 * `QueryRouteResponse { status { code, message }, message_queues { broker { name }, accept_message_types } }`
 *
 * @param {Buffer} body
 */
function readResponse(body) {
  /** @type {RouteAnswer} */
  const answer = { code: 0, message: '', queues: 0, byBroker: {}, types: [] };
  for (const { number, value } of fields(body)) {
    if (number === 1) {
      for (const part of fields(bytesOf(value))) {
        if (part.number === 1) answer.code = numberOf(part.value);
        if (part.number === 2) answer.message = part.value.toString();
      }
    } else if (number === 2) {
      answer.queues++;
      const broker = fields(bytesOf(value)).find((part) => part.number === 4);
      const name = String(broker && fields(bytesOf(broker.value)).find((part) => part.number === 1)?.value);
      answer.byBroker[name] = (answer.byBroker[name] ?? 0) + 1;
      answer.types = fields(bytesOf(value))
        .filter((part) => part.number === 5)
        .flatMap((part) => (typeof part.value === 'number' ? [part.value] : [...part.value]))
        .map((type) => TYPES[type] ?? String(type));
    }
  }
  return answer;
}

/**
 * A gRPC message: not compressed, its length, itself.
 *
 * @param {Buffer} message
 */
function frame(message) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
