import { bytesOf, fields, lengthDelimited, numberOf, varintField } from '../../test/support/rocketmq/protobuf.mjs';

/** `Code.OK` and `AddressScheme.IPv4` of apache/rocketmq-apis, where the field numbers below are from as well. */
const OK = 20_000;
const IPV4 = 1;
/** Of `QueryRouteResponse`: `message_queues.broker.endpoints`. */
const ENDPOINTS = [2, 4, 3];

/**
 * Tag and `mq-id` of the message in a `SendMessageRequest`; the shop's transport sends one at a time.
 *
 * @param {Buffer} frame
 */
export function readSend(frame) {
  const message = bytesOf(one(payload(frame), 1));
  const system = bytesOf(one(message, 3));
  const properties = new Map(
    all(message, 2)
      .map(bytesOf)
      .map((entry) => [`${one(entry, 1)}`, `${one(entry, 2)}`]),
  );
  return { tag: one(system, 1)?.toString(), messageId: properties.get('mq-id') };
}

/**
 * Whether a response says that all went well, and not only that it is one.
 *
 * @param {Buffer} frame
 */
export function isOk(frame) {
  const status = one(payload(frame), 1);
  return status !== undefined && one(bytesOf(status), 1) === OK;
}

/**
 * How many deliveries an `AckMessageRequest` and its response have settled, and of which topic.
 *
 * @param {Buffer} requestFrame
 * @param {Buffer} answerFrame
 */
export function readAck(requestFrame, answerFrame) {
  const topic = String(one(bytesOf(one(payload(requestFrame), 2)), 2));
  const settled = all(payload(answerFrame), 2).filter(
    (entry) => one(bytesOf(one(bytesOf(entry), 3) ?? Buffer.alloc(0)), 1) === OK,
  );
  return { topic, count: settled.length };
}

/**
 * The addresses, `host:port`, where a `QueryRouteResponse` sends its reader.
 *
 * @param {Buffer} frame
 */
export function readRoute(frame) {
  /** @type {Set<string>} */
  const found = new Set();
  edit(payload(frame), ENDPOINTS, (endpoints) => {
    found.add(addressOf(endpoints));
    return endpoints;
  });
  return [...found];
}

/**
 * The same route by way of other addresses of this machine. @param {Map<string, number>} ports by address
 *
 * @param {Buffer} frame
 */
export function rewriteRoute(frame, ports) {
  const body = edit(payload(frame), ENDPOINTS, (endpoints) => {
    const address = [
      lengthDelimited(1, Buffer.from('127.0.0.1')),
      varintField(2, numberOf(ports.get(addressOf(endpoints)))),
    ];
    return Buffer.concat([varintField(1, IPV4), lengthDelimited(2, Buffer.concat(address))]);
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/**
 * Behind one byte for the compression, which nobody here asks for, and four for the length.
 *
 * @param {Buffer} frame
 */
function payload(frame) {
  return frame.subarray(5);
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
 * @param {Buffer} bytes
 * @param {number} number
 */
function one(bytes, number) {
  return all(bytes, number)[0];
}

/** @param {Buffer} endpoints */
function addressOf(endpoints) {
  const address = bytesOf(one(endpoints, 2));
  const host = String(one(address, 1));
  return `${host.includes(':') ? `[${host}]` : host}:${one(address, 2)}`;
}

/**
 * The message with each of the parts at `path` changed.
 *
 * @param {Buffer} bytes
 * @param {number[]} options
 * @param {(part: Buffer) => Buffer} change
 * @returns {Buffer}
 */
function edit(bytes, [number, ...deeper], change) {
  const parts = fields(bytes).map((field) => {
    if (typeof field.value === 'number') return varintField(field.number, field.value);
    const isMeant = field.number === number;
    /** @type {typeof change} */
    const inner = deeper.length > 0 ? (part) => edit(part, deeper, change) : change;
    return lengthDelimited(field.number, isMeant ? inner(field.value) : field.value);
  });
  return Buffer.concat(parts);
}
