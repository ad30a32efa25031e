import { createHash } from 'node:crypto';
import type { ErrorEntry } from '../../core/store/error-entry.js';

/**
 * Makes an entry that the database has refused storable: with ASCII only, which every encoding of every database has.
 * The payload is whole, as base64. Texts for people lose what cannot be written; an id becomes its hash, so that the next
 * copy of the message meets the same row.
 */
export function asciiOnly(entry: ErrorEntry): ErrorEntry {
  const { payload, payloadEncoding, headers, messageId } = entry;
  const encodes = payload !== null && payloadEncoding === null && !isAscii(payload);
  return {
    ...entry,
    messageId: messageId === null || isAscii(messageId) ? messageId : hashed(messageId),
    topicAlias: readable(entry.topicAlias),
    tag: readable(entry.tag),
    key: readable(entry.key),
    errorClass: readable(entry.errorClass)!,
    message: readable(entry.message)!,
    stack: readable(entry.stack),
    payload: encodes ? Buffer.from(payload, 'utf8').toString('base64') : payload,
    payloadEncoding: encodes ? 'base64' : payloadEncoding,
    // JSON, where an escaped character is the same one.
    headers: headers?.replace(NOT_ASCII, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) ?? null,
    orderingKey: readable(entry.orderingKey),
    brokerMessageId: readable(entry.brokerMessageId),
    publishedAt: null,
  };
}

// oxlint-disable-next-line no-control-regex
const NOT_ASCII = /[^\u0001-\u007f]/g;

const isAscii = (text: string): boolean => text.search(NOT_ASCII) < 0;
const readable = (text: string | null): string | null => text?.replace(NOT_ASCII, '?') ?? null;
const hashed = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
