import { bodyBytes, type MessageBody } from './body.js';
import type { MqCodec } from './codec.js';

/** The payload of a body. @throws what the codec throws, and a `TypeError` for bytes if it reads texts alone */
export function decodeBody(codec: MqCodec, body: MessageBody): unknown {
  if (codec.decodeBytes) return codec.decodeBytes(bodyBytes(body));
  if (typeof body === 'string') return codec.decode(body);
  throw new TypeError(`its ${body.byteLength} bytes are no UTF-8 text, and the codec has no decodeBytes()`);
}
