import { createHash } from 'node:crypto';

/** What the columns of ids hold, in every table. */
const MAX_ID = 255;

/**
 * What an id must not bring along: control characters (PostgreSQL has no U+0000, a log line would break), halves of
 * surrogate pairs and the two non-characters (drivers and XML replace them, and two ids become one), `|`, which ends a
 * property on wires that carry them in one line.
 */
const UNFIT =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff|]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const escape = (character: string): string =>
  `%u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

/**
 * A stand-in for a text from outside that every database, wire and log line takes as it is, and that is always the same
 * for the same text: unfit characters become `%uXXXX`, a text that is too long becomes its hash. Applied to a stand-in
 * it changes nothing, so an id survives parking, replay and another delivery.
 */
export function plainId(text: string): string {
  const plain = text.replace(UNFIT, escape);
  return plain.length <= MAX_ID ? plain : `sha256:${createHash('sha256').update(plain).digest('hex')}`;
}

/**
 * The id of a message that its group's `identify` calls `id`. Such ids are unique in a topic at best (a key, a number of
 * an order), while the inbox of a group is one for all of its topics. The `%` of a text that looks like a stand-in is
 * escaped too: another text must not be able to pass for it.
 */
export function idInTopic(topicAlias: string, id: string): string {
  return plainId(`${topicAlias}/${id.replace(/%(?=u)/g, escape)}`);
}

/** The id of a message by the broker's id of it, which is unique over all topics. */
export function idOfBroker(brokerMessageId: string): string {
  return plainId(`broker:${brokerMessageId}`);
}

/** Under which id a message is kept whose own id another message has. */
export function idBesides(id: string, digest: number): string {
  return plainId(`${id}#${digest.toString(16)}`);
}
