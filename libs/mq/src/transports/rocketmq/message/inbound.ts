import { createHash } from 'node:crypto';
import { crc32, unzipSync } from 'node:zlib';
import type { Delivery, InboundMessage } from '../../../core/transport/transport.js';
import type { DigestReceived, Encoding, MessageReceived } from '../protocol/generated.js';
import { fromTimestamp } from '../protocol/times.js';
import type { Endpoint } from '../wire/endpoint.js';

/** What settling a delivery takes: who leased it to us, and by what name. */
export interface DeliveryHandle {
  readonly endpoint: Endpoint;
  readonly messageId: string;
  readonly receiptHandle: string;
}

/**
 * A received message, or `null` for one that is not as it was sent. That one is left alone: the broker delivers it again,
 * perhaps whole, and gives it up after as many deliveries as any other.
 *
 * @param leaseEndsAt on the monotonic clock
 */
export function fromWire(message: MessageReceived, endpoint: Endpoint, leaseEndsAt: number): Delivery | null {
  const system = message.systemProperties;
  const receiptHandle = system?.receiptHandle;
  if (!system || !receiptHandle || !isWhole(message.body, system.bodyDigest)) return null;
  const body = readBody(message.body, system.bodyEncoding);
  if (body === null) return null;
  const handle: DeliveryHandle = { endpoint, messageId: system.messageId, receiptHandle };
  const inbound: InboundMessage = {
    brokerMessageId: system.messageId,
    tag: system.tag || null,
    // The broker keeps keys as one text with blanks between, and takes it apart when it delivers.
    key: system.keys.join(' ') || null,
    body,
    properties: message.userProperties,
    orderingKey: system.messageGroup || null,
    publishedAt: fromTimestamp(system.storeTimestamp) ?? fromTimestamp(system.bornTimestamp) ?? 0,
    ...(system.deadLetterQueue && {
      deadLetterOf: {
        topic: system.deadLetterQueue.topic,
        brokerMessageId: system.deadLetterQueue.messageId || null,
      },
    }),
  };
  return { message: inbound, deliveryCount: Math.max(1, system.deliveryAttempt ?? 1), leaseEndsAt, handle };
}

/** Brokers that send no digest, or one of a kind that we do not know, are believed. */
function isWhole(body: Buffer, digest: DigestReceived | null | undefined): boolean {
  switch (digest?.type) {
    case 'CRC32':
      return sameHex(digest.checksum, crc32(body).toString(16));
    case 'MD5':
      return sameHex(digest.checksum, createHash('md5').update(body).digest('hex'));
    case 'SHA1':
      return sameHex(digest.checksum, createHash('sha1').update(body).digest('hex'));
    default:
      return true;
  }
}

/** Servers write the digits in either case, and without leading zeros. */
function sameHex(a: string, b: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/^0+/, '');
  return plain(a) === plain(b);
}

/** Other producers compress; `GZIP` stands for zlib as well, which clients of 4.x used. */
function readBody(body: Buffer, encoding: Encoding | number): string | null {
  if (encoding !== 'GZIP') return body.toString('utf8');
  try {
    return unzipSync(body).toString('utf8');
  } catch {
    return null;
  }
}
