import { bodyBytes } from '../../message/body.js';
import { causalityOf } from '../../message/causality.js';
import { decodeBody } from '../../message/decode-body.js';
import { idInTopic, idOfBroker, plainId } from '../../message/message-id.js';
import { MqMessage } from '../../message/message.js';
import { plainTag } from '../../message/plain-tag.js';
import { decodeHeaders, MQ_HEADERS, MQ_ID, MQ_ROW } from '../../message/wire-properties.js';
import type { AwaitedRow } from '../../store/delivery-store.js';
import { disown } from '../../runtime/user-code.js';
import type { InboundMessage } from '../../transport/transport.js';
import type { Subscription } from '../handlers/subscription.js';
import { undecodable } from './delivery-errors.js';

/** The id of a message, found without decoding its body. */
export interface Identity {
  readonly id: string;
  /** What the group's `identify` threw or returned wrongly, `null` if nothing; the id is then the broker's. */
  readonly problem: unknown;
}

/** The broker's id of a message. A dead letter keeps the id of the message that the broker gave up. */
export function brokerMessageIdOf({ brokerMessageId, deadLetterOf }: InboundMessage): string {
  return deadLetterOf?.brokerMessageId ?? brokerMessageId;
}

/**
 * Identifies a message: finds the id by which it is deduplicated. That is our id from the wire; for a message of another
 * producer what the group's `identify` returns, within its topic; else the broker's own id, which stays the same over
 * redeliveries but not over re-sends. The result fits into every database, wire and log line.
 */
export function identify(message: InboundMessage, { topic, group, tagSuffix }: Subscription): Identity {
  const ours = message.properties[MQ_ID];
  if (ours !== undefined && ours !== '') return { id: plainId(ours), problem: null };
  const brokerMessageId = brokerMessageIdOf(message);
  const brokers = idOfBroker(brokerMessageId);
  if (!group.identify) return { id: brokers, problem: null };
  try {
    const { key, properties } = message;
    // Decoded as UTF-8 even if it is none: most functions look at the key and the properties only.
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

/** Identifies the status row that sent this copy of a message whose topic settles on `group`, by values that fit into every database. */
export function awaitedRow(message: InboundMessage, messageId: string, group: string): AwaitedRow {
  return { id: plainId(message.properties[MQ_ROW] ?? messageId), messageId, group };
}

/** Decodes a message into what its handler gets. @throws {MqError} `MQ_PAYLOAD_INVALID` for a body that the topic's codec cannot read */
export function toMqMessage(message: InboundMessage, id: string, subscription: Subscription): MqMessage {
  const { topic, group, tagSuffix } = subscription;
  const { correlationId, causationId } = causalityOf(message.properties);
  try {
    if (message.unreadable !== undefined) throw new Error(message.unreadable);
    return new MqMessage({
      id,
      key: message.key ?? id,
      topic: topic.alias,
      group: group.alias,
      tag: plainTag(message.tag, tagSuffix) ?? undefined,
      payload: decodeBody(topic.codec, message.body),
      headers: decodeHeaders(message.properties[MQ_HEADERS]),
      orderingKey: message.orderingKey ?? undefined,
      correlationId: correlationId ?? id,
      causationId: causationId ?? undefined,
      publishedAt: new Date(message.publishedAt),
    });
  } catch (error) {
    throw undecodable(subscription, id, error);
  }
}
