import { isUtf8 } from 'node:buffer';

/** The body of a message on a wire: text, or bytes where these are no UTF-8 text. Bytes that are text are never left bytes. */
export type MessageBody = string | Uint8Array;

/** What a wire brought. Decoding bytes that are no UTF-8 would replace them, and nobody could ever tell what was sent. */
export function bodyOf(bytes: Buffer): MessageBody {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes;
}

export function bodyBytes(body: MessageBody): Buffer {
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** A body as a text that every database takes and gives back unchanged. */
export interface StoredBody {
  readonly payload: string;
  /** `null`: the payload is the body. `base64`: of its bytes. */
  readonly encoding: 'base64' | null;
}

/** PostgreSQL has no U+0000 in texts, and no database has half of a surrogate pair. */
// oxlint-disable-next-line no-control-regex
const UNSTORABLE = /[\u0000\p{Surrogate}]/u;

export function storeBody(body: MessageBody): StoredBody {
  if (typeof body === 'string' && !UNSTORABLE.test(body)) return { payload: body, encoding: null };
  return { payload: bodyBytes(body).toString('base64'), encoding: 'base64' };
}

export function loadBody({ payload, encoding }: StoredBody): MessageBody {
  return encoding === null ? payload : bodyOf(Buffer.from(payload, 'base64'));
}
