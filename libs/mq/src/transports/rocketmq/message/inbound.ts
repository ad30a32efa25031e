import { createHash } from 'node:crypto';
import { crc32, unzipSync } from 'node:zlib';
import type { Delivery, InboundMessage } from '../../../core/transport/transport.js';
import type { DigestReceived, Encoding, MessageReceived, SystemPropertiesReceived } from '../protocol/generated.js';
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
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A received message. One that is not as it was sent says so, and is no reason to lose sight of it. */
export function fromWire(message: MessageReceived, from: Origin): Delivery {
  const system: Partial<SystemPropertiesReceived> = message.systemProperties ?? {};
  const { endpoint, leaseEndsAt, isDeadLetter, maxDeliveries, now } = from;
  const { messageId = '', receiptHandle = '' } = system;
  const unreadable = isWhole(message.body, system.bodyDigest) ? null : 'its digest is not that of its body';
  const body = unreadable === null ? readBody(message.body, system.bodyEncoding) : null;
  const handle: DeliveryHandle = { endpoint, messageId, receiptHandle };
  const { [MQ_TOPIC]: topic, ...properties } = message.userProperties;
  const inbound: InboundMessage = {
    brokerMessageId: messageId,
    tag: system.tag || null,
    // The broker keeps keys as one text with blanks between, and takes it apart when it delivers.
    key: system.keys?.join(' ') || null,
    body: body ?? message.body.toString('utf8'),
    ...(body === null && { unreadable: unreadable ?? 'its compression is one that nobody here knows' }),
    properties,
    // Its own id: one that asked for no order, on a topic that knows nothing else.
    orderingKey: system.messageGroup && system.messageGroup !== messageId ? system.messageGroup : null,
    // The sender's clock: the broker's own is that of the last redelivery, or of becoming a dead letter.
    publishedAt: fromTimestamp(system.bornTimestamp) ?? now,
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
function readBody(body: Buffer, encoding: Encoding | number | undefined): string | null {
  if (encoding !== 'GZIP') return body.toString('utf8');
  try {
    return unzipSync(body).toString('utf8');
  } catch {
    return null;
  }
}
