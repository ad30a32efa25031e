import type { MqCodec } from './codec.js';

/** The payload is a string and goes onto the wire as it is. What the wire cannot carry is refused when publishing. */
export const textCodec: MqCodec = {
  encode(payload) {
    if (typeof payload !== 'string')
      throw new TypeError(`the codec 'text' takes a string, not ${payload === null ? 'null' : typeof payload}`);
    if (payload === '') throw new TypeError('brokers refuse empty bodies');
    return payload;
  },
  decode: (body) => body,
};
