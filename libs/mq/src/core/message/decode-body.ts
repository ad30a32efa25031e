import { callUser, disown } from '../runtime/user-code.js';
import { bodyBytes, type MessageBody } from './body.js';
import type { MqCodec } from './codec.js';

/**
 * The payload of a body.
 * @throws what the codec throws, and a `TypeError` for bytes if it reads texts alone, and for a promise: a codec answers at
 * once, and a promise instead of a payload would be rejected where nobody listens
 */
export function decodeBody(codec: MqCodec, body: MessageBody): unknown {
  const payload = callUser(() => decode(codec, body));
  if (disown(payload)) throw new TypeError('the codec answered a promise instead of a payload');
  return payload;
}

function decode(codec: MqCodec, body: MessageBody): unknown {
  if (codec.decodeBytes) return codec.decodeBytes(bodyBytes(body));
  if (typeof body === 'string') return codec.decode(body);
  throw new TypeError(`its ${body.byteLength} bytes are no UTF-8 text, and the codec has no decodeBytes()`);
}
