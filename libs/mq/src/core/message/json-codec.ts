import { types } from 'node:util';
import { disown } from '../runtime/user-code.js';
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
    if (payload === undefined)
      throw new TypeError('it is undefined, or missing; write payload: null for a message without content');
    const text = JSON.stringify(payload) as string | undefined;
    if (text === undefined) throw new TypeError(`a ${typeof payload} has no JSON form`);
    // Only what became this can be one of them, so nearly no payload is walked through twice.
    if (text.includes('{}')) refuseEmptied(payload);
    return text.replace(UNSAFE, escape);
  },
  decode: (body) => JSON.parse(body) as unknown,
};

/** Of these JSON keeps nothing, and says nothing. */
const EMPTIED: readonly [(value: unknown) => boolean, string][] = [
  [types.isMap, 'is a Map, of which JSON keeps nothing: write Object.fromEntries(map), or [...map]'],
  [types.isSet, 'is a Set, of which JSON keeps nothing: write [...set]'],
  [types.isPromise, 'is a promise, of which JSON keeps nothing: await it'],
];

function refuseEmptied(payload: unknown): void {
  const paths = new Map<unknown, string>();
  JSON.stringify(payload, function (this: unknown, key: string, value: unknown) {
    const above = paths.get(this);
    const path = above === undefined ? 'payload' : `${above}.${key}`;
    const found = EMPTIED.find(([is]) => is(value));
    // One of its own properties, or of its class, is a form that somebody has given it.
    if (found && Object.keys(value as object).length === 0) {
      disown(value);
      throw new TypeError(`${path} ${found[1]}`);
    }
    if (typeof value === 'object' && value !== null) paths.set(value, path);
    return value;
  });
}
