/** @typedef {{ number: number, value: number | Buffer }} Field */
/**
 * As much of the protobuf encoding as one request and its response need.
 *
 * @param {number} number
 * @param {number} value
 */

export function varintField(number, value) {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

/**
 * @param {number} number
 * @param {Uint8Array} bytes
 */
export function lengthDelimited(number, bytes) {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/**
 * @returns {{ number: number, value: number | Buffer }[]}
 * @param {Buffer} bytes
 */
export function fields(bytes) {
  /** @type {Field[]} */
  const found = [];
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = readVarint();
    const number = Math.floor(tag / 8);
    if (tag % 8 === 0) {
      found.push({ number, value: readVarint() });
    } else if (tag % 8 === 2) {
      const length = readVarint();
      found.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    } else {
      throw new Error(`field ${number} has wire type ${tag % 8}, which is not expected here`);
    }
  }
  return found;
}

/**
 * The value of a field that has bytes.
 *
 * @param {Field['value'] | undefined} value
 */
export function bytesOf(value) {
  if (!Buffer.isBuffer(value)) throw new Error(`${value} is not what a field of bytes has`);
  return value;
}

/**
 * The value of a field that has a number.
 *
 * @param {Field['value'] | undefined} value
 */
export function numberOf(value) {
  if (typeof value !== 'number') throw new Error(`${value} is not what a field with a number has`);
  return value;
}

/** @param {number} value */
function varint(value) {
  /** @type {number[]} */
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
