import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @typedef {{ id: string | undefined, topic: string, storedAt: number }} StoredMessage `storedAt` in milliseconds, by the clock of the broker */

/** `MessageDecoder` of apache/rocketmq: a message, one with a long topic, and the rest of a file that is full. */
const MESSAGE = 0xdaa320a7;
const MESSAGE_V2 = 0xdaa320ab;
const PROPERTY_END = '\u0002';
const ID = 'mq-id\u0001';
/** In the system flags: an address has 16 bytes instead of 4. */
const BORN_IPV6 = 1 << 4;
const STORED_IPV6 = 1 << 5;

/**
 * All messages of a broker, in the order of their storing, from the file into which it writes them: what it has, and not
 * what it says. It maps the file into memory, so what it wrote is seen here at once, and also after its death.
 *
 * @param {string} folder of the broker
 * @returns {Promise<StoredMessage[]>}
 */
export async function readCommitLog(folder) {
  const place = join(folder, 'store', 'commitlog');
  /** @type {StoredMessage[]} */
  const found = [];
  for (const name of (await readdir(place)).sort()) found.push(...readMessages(await readFile(join(place, name))));
  return found;
}

/** @param {Buffer} file */
function readMessages(file) {
  /** @type {StoredMessage[]} */
  const found = [];
  for (let at = 0; at + 8 <= file.length; at += file.readUInt32BE(at)) {
    const magic = file.readUInt32BE(at + 4);
    if (magic !== MESSAGE && magic !== MESSAGE_V2) break;
    found.push(readMessage(file, at, magic));
  }
  return found;
}

/**
 * @param {Buffer} file
 * @param {number} start
 * @param {number} magic
 * @returns {StoredMessage}
 */
function readMessage(file, start, magic) {
  // Size, magic, checksum, queue, flag, offset in the queue, offset in the log.
  let at = start + 4 + 4 + 4 + 4 + 4 + 8 + 8;
  const flags = file.readUInt32BE(at);
  at += 4 + 8 + (flags & BORN_IPV6 ? 20 : 8);
  const storedAt = Number(file.readBigUInt64BE(at));
  at += 8 + (flags & STORED_IPV6 ? 20 : 8) + 4 + 8;
  at += 4 + file.readUInt32BE(at);
  const topicBytes = magic === MESSAGE_V2 ? 2 : 1;
  const topicLength = file.readUIntBE(at, topicBytes);
  at += topicBytes;
  const topic = file.toString('utf8', at, at + topicLength);
  at += topicLength;
  const properties = file.toString('utf8', at + 2, at + 2 + file.readUInt16BE(at));
  return {
    topic,
    storedAt,
    id: properties
      .split(PROPERTY_END)
      .find((property) => property.startsWith(ID))
      ?.slice(ID.length),
  };
}
