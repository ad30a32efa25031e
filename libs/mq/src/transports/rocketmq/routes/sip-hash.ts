const MASK = 0xffff_ffff_ffff_ffffn;
/** The bytes 0 to 15, little-endian: the key of the official clients. */
const KEY_0 = 0x0706_0504_0302_0100n;
const KEY_1 = 0x0f0e_0d0c_0b0a_0908n;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of a text in UTF-8, as an unsigned 64-bit number. Not for secrecy: it is
 * how clients of all languages agree on the queue of an ordering key.
 */
export function sipHash24(text: string): bigint {
  const bytes = Buffer.from(text, 'utf8');
  const state: State = [
    KEY_0 ^ 0x736f_6d65_7073_6575n,
    KEY_1 ^ 0x646f_7261_6e64_6f6dn,
    KEY_0 ^ 0x6c79_6765_6e65_7261n,
    KEY_1 ^ 0x7465_6462_7974_6573n,
  ];
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at < whole; at += 8) compress(state, bytes.readBigUInt64LE(at));
  const last = Buffer.alloc(8);
  bytes.copy(last, 0, whole);
  last[7] = bytes.length & 0xff;
  compress(state, last.readBigUInt64LE());
  state[2] ^= 0xffn;
  for (let round = 0; round < 4; round += 1) sipRound(state);
  return state[0] ^ state[1] ^ state[2] ^ state[3];
}

type State = [bigint, bigint, bigint, bigint];

function compress(state: State, word: bigint): void {
  state[3] ^= word;
  sipRound(state);
  sipRound(state);
  state[0] ^= word;
}

function sipRound(v: State): void {
  v[0] = (v[0] + v[1]) & MASK;
  v[1] = rotate(v[1], 13n) ^ v[0];
  v[0] = rotate(v[0], 32n);
  v[2] = (v[2] + v[3]) & MASK;
  v[3] = rotate(v[3], 16n) ^ v[2];
  v[0] = (v[0] + v[3]) & MASK;
  v[3] = rotate(v[3], 21n) ^ v[0];
  v[2] = (v[2] + v[1]) & MASK;
  v[1] = rotate(v[1], 17n) ^ v[2];
  v[2] = rotate(v[2], 32n);
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK;
}
