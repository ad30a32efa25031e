import type { MqCodec } from './codec.js';

/**
 * What XML 1.0 cannot carry, or only with luck: markup (`]]>` would end a CDATA section), control characters, and the
 * two non-characters. `JSON.stringify` escapes controls below U+0020 and lone surrogates by itself.
 */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[<>&\u007f-\u009f\u2028\u2029\ufffe\uffff]/g;

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * JSON in which everything a wire may choke on is written as `\uXXXX`, which is the same JSON: a consumer in any
 * language reads what was published, without an envelope of ours.
 */
export const jsonCodec: MqCodec = {
  encode(payload) {
    const text = JSON.stringify(payload) as string | undefined;
    if (text === undefined)
      throw new TypeError(`${payload === undefined ? 'undefined' : `a ${typeof payload}`} has no JSON form`);
    return text.replace(UNSAFE, escape);
  },
  decode: (body) => JSON.parse(body) as unknown,
};
