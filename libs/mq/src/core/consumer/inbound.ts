import type { ResolvedGroup } from '../config/resolved-options.js';
import { bodyBytes } from '../message/body.js';
import { decodeBody } from '../message/decode-body.js';
import { MqMessage } from '../message/message.js';
import { decodeHeaders, MQ_HEADERS, MQ_ID, MQ_ROW } from '../message/wire-properties.js';
import type { AwaitedRow } from '../store/delivery-store.js';
import { disown } from '../runtime/user-code.js';
import type { InboundMessage } from '../transport/transport.js';
import type { Subscription } from './subscription.js';

/** Half of what the inbox can hold, and more than anybody's id needs: one of ours has 36 characters. */
const MAX_ID = 128;

/** Who a message is, without having decoded it. */
export interface Identity {
  readonly id: string;
  /** What `identify` threw or answered wrongly; the id is then the broker's. */
  readonly problem: unknown;
}

/** The broker's id of a message. What it gave up is the same message still, whatever id it has among the dead letters. */
export function brokerMessageIdOf({ brokerMessageId, deadLetterOf }: InboundMessage): string {
  return deadLetterOf?.brokerMessageId ?? brokerMessageId;
}

/**
 * The id by which a message is deduplicated: ours from the wire; what the group's `identify` says of a message that
 * another kind of producer sent; else the broker's own, which stays the same over redeliveries but not over re-sends.
 */
export function identify(message: InboundMessage, group: ResolvedGroup, tagSuffix: string): Identity {
  const ours = message.properties[MQ_ID];
  if (ours !== undefined && isId(ours)) return { id: ours, problem: null };
  const brokerMessageId = brokerMessageIdOf(message);
  const brokers = `broker:${brokerMessageId}`;
  if (!group.identify) return { id: brokers, problem: null };
  try {
    const { key, properties } = message;
    // A text also of bytes that are none: most look at the key and the properties.
    const body = typeof message.body === 'string' ? message.body : bodyBytes(message.body).toString('utf8');
    const id = group.identify({ key, tag: plainTag(message.tag, tagSuffix), body, properties, brokerMessageId });
    if (id === undefined) return { id: brokers, problem: null };
    if (isId(id)) return { id, problem: null };
    disown(id);
    throw new TypeError(`identify() of group '${group.alias}' must answer a text of 1 to ${MAX_ID} characters`);
  } catch (error) {
    disown(error);
    return { id: brokers, problem: error ?? new Error(`identify() of group '${group.alias}' threw nothing`) };
  }
}

/** Which status row sent this copy of a message whose topic settles on `group`. */
export function awaitedRow(message: InboundMessage, messageId: string, group: string): AwaitedRow {
  return { id: message.properties[MQ_ROW] ?? messageId, messageId, group };
}

/** The message as a handler sees it. @throws what the topic's codec throws for a body that it cannot read */
export function toMqMessage(message: InboundMessage, id: string, { topic, group, tagSuffix }: Subscription): MqMessage {
  return new MqMessage({
    id,
    key: message.key ?? id,
    topic: topic.alias,
    group: group.alias,
    tag: plainTag(message.tag, tagSuffix) ?? undefined,
    payload: decodeBody(topic.codec, message.body),
    headers: decodeHeaders(message.properties[MQ_HEADERS]),
    orderingKey: message.orderingKey ?? undefined,
    publishedAt: new Date(message.publishedAt),
  });
}

/** A tag without the environment's suffix; one of another environment stays as it is. */
export function plainTag(wireTag: string | null, tagSuffix: string): string | null {
  if (wireTag === null || tagSuffix === '' || !wireTag.endsWith(tagSuffix)) return wireTag;
  return wireTag.slice(0, -tagSuffix.length);
}

const isId = (id: unknown): id is string => typeof id === 'string' && id.length > 0 && id.length <= MAX_ID;
