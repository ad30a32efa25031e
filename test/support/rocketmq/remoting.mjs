import { createHmac } from 'node:crypto';
import { connect } from 'node:net';

/** @typedef {{ header: { code: number, remark: string, extFields?: Record<string, string> }, body: string }} Answer */

/** `LanguageCode` and `MQVersion` of somebody who is neither an old client nor a Java one. */
const LANGUAGE = 'OTHER';
const VERSION = 475; // V5_3_0
const SUCCESS = 0;

/**
 * One request in RocketMQ's own protocol, which brokers and name servers are administered by; on a connection of its own.
 *
 * A frame is the length of the rest in 4 bytes, the length of the header in 3 bytes after one for its serialisation (0 is
 * JSON), the header, the body: `RemotingCommand` in apache/rocketmq, module remoting. Codes from `RequestCode` there.
 *
 * @param {string} address `host:port`
 * @param {{ code: number, fields?: Record<string, string | number | boolean>, body?: unknown, text?: string,
 *   auth?: { accessKey: string, accessSecret: string }, timeoutMs?: number }} request `body` is sent as JSON, `text` as it is
 * @returns {Promise<{ fields: Record<string, string>, body: string }>}
 * @throws {RemotingError} when the server answers with any code but success
 */
export function remoting(address, { code, fields = {}, body, text, auth, timeoutMs = 5_000 }) {
  const payload = Buffer.from(text ?? (body === undefined ? '' : JSON.stringify(body)));
  const extFields = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));
  const header = {
    code,
    language: LANGUAGE,
    version: VERSION,
    opaque: 1,
    flag: 0,
    extFields: auth ? signed(extFields, payload, auth) : extFields,
    serializeTypeCurrentRPC: 'JSON',
  };
  return exchange(address, encode(header, payload), timeoutMs).then((response) => {
    if (response.header.code === SUCCESS) return { fields: response.header.extFields ?? {}, body: response.body };
    throw new RemotingError(response.header.code, response.header.remark, code);
  });
}

export class RemotingError extends Error {
  /**
   * @param {number} code see `ResponseCode` in apache/rocketmq; 17 is "no such topic"
   * @param {string} remark
   * @param {number} request
   */
  constructor(code, remark, request) {
    super(`request ${request} was answered with code ${code}: ${remark}`);
    this.code = code;
  }
}

/**
 * @param {string} address
 * @param {Buffer} frame
 * @param {number} timeoutMs
 * @returns {Promise<Answer>}
 */
function exchange(address, frame, timeoutMs) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => socket.write(frame));
    let received = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer from ${address} within ${timeoutMs} ms`)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readUInt32BE(0)) return;
      resolve(decode(received));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${address} closed the connection`)));
  });
}

/**
 * @param {object} header
 * @param {Buffer} body
 */
function encode(header, body) {
  const head = Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(4 + head.length + body.length, 0);
  lengths.writeUInt32BE(head.length, 4);
  return Buffer.concat([lengths, head, body]);
}

/**
 * @param {Buffer} frame
 * @returns {Answer}
 */
function decode(frame) {
  const headerLength = frame.readUInt32BE(4) & 0xffffff;
  return {
    header: JSON.parse(frame.subarray(8, 8 + headerLength).toString()),
    body: frame.subarray(8 + headerLength, 4 + frame.readUInt32BE(0)).toString(),
  };
}

/**
 * Over the values of all fields in the order of their names, and the body.
 *
 * @param {Record<string, string>} fields
 * @param {Buffer} body
 * @param {import('./start-rocketmq.mjs').RocketmqCredentials} options
 */
function signed(fields, body, { accessKey, accessSecret }) {
  /** @type {Record<string, string>} */
  const all = { ...fields, AccessKey: accessKey };
  const hmac = createHmac('sha1', accessSecret);
  for (const key of Object.keys(all).sort()) hmac.update(all[key]);
  return { ...all, Signature: hmac.update(body).digest('base64') };
}
