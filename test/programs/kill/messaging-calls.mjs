// What the kill test has to know of requests and answers of apache.rocketmq.v2.MessagingService. Read by hand, so that it
// shares nothing with the transport that it judges. Field numbers from `service.proto` and `definition.proto` of
// apache/rocketmq-apis.
import { bytesOf, fields, lengthDelimited, varintField } from '../../support/rocketmq/protobuf.mjs';

const OK = 20_000;
const HEAD_BYTES = 5;

/**
 * `SendMessageRequest { messages = 1 { user_properties = 2 { key = 1, value = 2 } } }`
 *
 * @param {Buffer} body
 */
export function publishedIds(body) {
  return messages(body).flatMap((request) =>
    all(request, 1).flatMap((message) =>
      all(bytesOf(message), 2)
        .map(bytesOf)
        .filter((property) => String(all(property, 1)[0]) === 'mq-id')
        .map((property) => String(all(property, 2)[0])),
    ),
  );
}

/**
 * `SendMessageResponse { status = 1 { code = 1 } }`
 *
 * @param {Buffer} body
 */
export function isStored(body) {
  return messages(body).some((response) => all(response, 1).some((status) => all(bytesOf(status), 1)[0] === OK));
}

/**
 * How many messages a poll got. `ReceiveMessageResponse { status = 1 | message = 2 | delivery_timestamp = 3 }`
 *
 * @param {Buffer} body
 */
export function handedOut(body) {
  return messages(body).filter((response) => all(response, 2).length > 0).length;
}

/**
 * A route in which all brokers are at one address.
 * `QueryRouteResponse { message_queues = 2 { broker = 4 { endpoints = 3 { scheme = 1, addresses = 2 { host = 1, port = 2 } } } } }`
 *
 * @param {Buffer} body
 * @param {string} endpoint
 */
export function withEndpoint(body, endpoint) {
  const [host, port] = endpoint.split(':');
  const address = Buffer.concat([lengthDelimited(1, Buffer.from(host)), varintField(2, Number(port))]);
  const IPV4 = 1;
  const endpoints = Buffer.concat([varintField(1, IPV4), lengthDelimited(2, address)]);
  const replaced = messages(body).map((response) =>
    change(response, 2, (queue) => change(queue, 4, (broker) => change(broker, 3, () => endpoints))),
  );
  return Buffer.concat(replaced.map(frame));
}

/**
 * @param {Buffer} bytes
 * @param {number} number
 */
function all(bytes, number) {
  return fields(bytes)
    .filter((field) => field.number === number)
    .map(({ value }) => value);
}

/**
 * The same message with each field of this number changed.
 *
 * @param {Buffer} bytes
 * @param {number} number
 * @param {(part: Buffer) => Buffer} to
 */
function change(bytes, number, to) {
  return Buffer.concat(
    fields(bytes).map((field) => {
      if (typeof field.value === 'number') return varintField(field.number, field.value);
      return lengthDelimited(field.number, field.number === number ? to(field.value) : field.value);
    }),
  );
}

/**
 * Each is preceded by a byte for compression, which nobody uses here, and its length.
 *
 * @param {Buffer} body
 */
function messages(body) {
  /** @type {Buffer[]} */
  const found = [];
  for (let at = 0; at < body.length;) {
    const length = body.readUInt32BE(at + 1);
    found.push(body.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length));
    at += HEAD_BYTES + length;
  }
  return found;
}

/** @param {Buffer} message */
function frame(message) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
