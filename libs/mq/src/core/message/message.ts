/**
 * A message as a handler sees it. A class, so that it may stand in decorated signatures.
 *
 * @typeParam T the payload, as the topic's codec decodes it (for JSON: as `JSON.parse` returns it)
 */
export class MqMessage<T = unknown> {
  /** Our id: the same for every copy of the message, however often it was sent or delivered. Deduplicate by this. */
  readonly id: string;
  /** The publisher's key, `id` where the wire has none. */
  readonly key: string;
  /** Alias of the topic. */
  readonly topic: string;
  /** Alias of the consumer group. */
  readonly group: string;
  /** Without the environment's suffix. */
  readonly tag: string | undefined;
  readonly payload: T;
  readonly headers: Readonly<Record<string, string>>;
  readonly orderingKey: string | undefined;
  /** What the messages of one chain have in common: by default the id of its first message, also of a message of another producer. */
  readonly correlationId: string;
  /** The id of the message whose handler published this one; `undefined` when no handler of this module did. */
  readonly causationId: string | undefined;
  /** When it was sent: over HTTP by the broker's clock, over gRPC by that of the process that sent it. */
  readonly publishedAt: Date;

  constructor(fields: MqMessage<T>) {
    this.id = fields.id;
    this.key = fields.key;
    this.topic = fields.topic;
    this.group = fields.group;
    this.tag = fields.tag;
    this.payload = fields.payload;
    this.headers = fields.headers;
    this.orderingKey = fields.orderingKey;
    this.correlationId = fields.correlationId;
    this.causationId = fields.causationId;
    this.publishedAt = fields.publishedAt;
  }
}
