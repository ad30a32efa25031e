import { bodyBytes } from '../message/body.js';
import { decodeBody } from '../message/decode-body.js';
import { idInTopic, idOfBroker, plainId } from '../message/message-id.js';
import { MqMessage } from '../message/message.js';
import { decodeHeaders, MQ_HEADERS, MQ_ID, MQ_ROW } from '../message/wire-properties.js';
import type { AwaitedRow } from '../store/delivery-store.js';
import { disown } from '../runtime/user-code.js';
import type { InboundMessage } from '../transport/transport.js';
import type { Subscription } from './subscription.js';

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
 * another kind of producer sent, in its topic; else the broker's own, which stays the same over redeliveries but not over
 * re-sends. Always one that every database, wire and log line takes.
 */
export function identify(message: InboundMessage, { topic, group, tagSuffix }: Subscription): Identity {
  const ours = message.properties[MQ_ID];
  if (ours !== undefined && ours !== '') return { id: plainId(ours), problem: null };
  const brokerMessageId = brokerMessageIdOf(message);
  const brokers = idOfBroker(brokerMessageId);
  if (!group.identify) return { id: brokers, problem: null };
  try {
    const { key, properties } = message;
    // A text also of bytes that are none: most look at the key and the properties.
    const body = typeof message.body === 'string' ? message.body : bodyBytes(message.body).toString('utf8');
    const id = group.identify({ key, tag: plainTag(message.tag, tagSuffix), body, properties, brokerMessageId });
    if (id === undefined) return { id: brokers, problem: null };
    if (typeof id === 'string' && id !== '') return { id: idInTopic(topic.alias, id), problem: null };
    disown(id);
    throw new TypeError(`identify() of group '${group.alias}' must answer a text that is not empty, or undefined`);
  } catch (error) {
    disown(error);
    return { id: brokers, problem: error ?? new Error(`identify() of group '${group.alias}' threw nothing`) };
  }
}

/** Which status row sent this copy of a message whose topic settles on `group`, in a form that every database can look for. */
export function awaitedRow(message: InboundMessage, messageId: string, group: string): AwaitedRow {
  return { id: plainId(message.properties[MQ_ROW] ?? messageId), messageId, group };
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
