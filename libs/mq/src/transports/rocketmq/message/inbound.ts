import { createHash } from 'node:crypto';
import { crc32, unzipSync } from 'node:zlib';
import type { Delivery, InboundMessage } from '../../../core/transport/transport.js';
import type { DigestReceived, Encoding, MessageReceived } from '../protocol/generated.js';
import { fromTimestamp } from '../protocol/times.js';
import type { Endpoint } from '../wire/endpoint.js';
import { MQ_TOPIC } from './outbound.js';

/** What settling a delivery takes: who leased it to us, and by what name. */
export interface DeliveryHandle {
  readonly endpoint: Endpoint;
  readonly messageId: string;
  readonly receiptHandle: string;
}

/** Where a message came from, and on what terms. */
export interface Origin {
  readonly endpoint: Endpoint;
  /** On the monotonic clock. */
  readonly leaseEndsAt: number;
  readonly isDeadLetter: boolean;
  /** Deliveries that the group grants each message, `null` if the server did not say. */
  readonly maxDeliveries: number | null;
}

/**
 * A received message, or `null` for one that is not as it was sent. That one is left alone: the broker delivers it again,
 * perhaps whole, and gives it up after as many deliveries as any other.
 */
export function fromWire(message: MessageReceived, from: Origin): Delivery | null {
  const system = message.systemProperties;
  const receiptHandle = system?.receiptHandle;
  if (!system || !receiptHandle || !isWhole(message.body, system.bodyDigest)) return null;
  const body = readBody(message.body, system.bodyEncoding);
  if (body === null) return null;
  const { endpoint, leaseEndsAt, isDeadLetter, maxDeliveries } = from;
  const handle: DeliveryHandle = { endpoint, messageId: system.messageId, receiptHandle };
  const { [MQ_TOPIC]: topic, ...properties } = message.userProperties;
  const inbound: InboundMessage = {
    brokerMessageId: system.messageId,
    tag: system.tag || null,
    // The broker keeps keys as one text with blanks between, and takes it apart when it delivers.
    key: system.keys.join(' ') || null,
    body,
    properties,
    orderingKey: system.messageGroup || null,
    // The sender's clock: the broker's own is that of the last redelivery, or of becoming a dead letter.
    publishedAt: fromTimestamp(system.bornTimestamp) ?? 0,
    ...(isDeadLetter && {
      deadLetterOf: {
        topic: system.deadLetterQueue?.topic || topic || null,
        brokerMessageId: system.deadLetterQueue?.messageId || null,
      },
    }),
  };
  const deliveryCount = Math.max(1, system.deliveryAttempt ?? 1);
  const isLast = maxDeliveries !== null && deliveryCount >= maxDeliveries;
  return { message: inbound, deliveryCount, isLast, leaseEndsAt, handle };
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
