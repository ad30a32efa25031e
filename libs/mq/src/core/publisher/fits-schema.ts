import { MqError } from '../errors/mq-error.js';
import { checkPayload, describeIssues } from '../message/check-payload.js';
import { decodeBody } from '../message/decode-body.js';
import { schemaFor } from '../message/topic.js';
import type { NewOutboxRow } from '../store/outbox-row.js';
import type { PublishRequest } from './build-row.js';

/**
 * Checks what goes onto the wire, as its handlers will decode it: a `Date` is a text by then, and a schema that wants a `Date` would
 * park every message. What the schema makes of it is left alone, since the handler's schema will do that.
 *
 * @throws {MqError} `MQ_PAYLOAD_INVALID` with each issue; and what the schema itself throws
 */
export async function fitsSchema(
  { topic, message, schemas, call }: PublishRequest,
  { payload }: NewOutboxRow,
): Promise<void> {
  const schema = schemas === null ? null : schemaFor(schemas, message.tag);
  if (schema === null) return;
  const checked = await checkPayload(schema, decodeBody(topic.codec, payload));
  if (!('issues' in checked)) return;
  const which = message.tag === undefined ? '' : ` of tag '${message.tag}'`;
  throw new MqError(
    'MQ_PAYLOAD_INVALID',
    `${call}: the payload does not fit the schema${which}: ${describeIssues(checked.issues)}.`,
    { details: { topic: topic.alias, ...(message.tag !== undefined && { tag: message.tag }), issues: checked.issues } },
  );
}
