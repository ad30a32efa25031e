import { Refusal } from '../../errors/refusal.js';
import { checkPayload, describeIssues, type PayloadIssue } from '../../message/check-payload.js';
import { MqMessage } from '../../message/message.js';
import { schemaFor, type TopicSchemas } from '../../message/topic.js';
import type { Subscription } from '../handlers/subscription.js';

/**
 * The message with what its schema makes of its payload.
 * @throws {Refusal} and what the schema throws, which is an ordinary failure: it may have asked somebody who was not there
 */
export async function acceptPayload(
  schemas: TopicSchemas,
  message: MqMessage,
  subscription: Subscription,
): Promise<MqMessage> {
  const schema = schemaFor(schemas, message.tag);
  if (schema === null) return message;
  const checked = await checkPayload(schema, message.payload);
  if ('issues' in checked) throw unfit(subscription, message, checked.issues);
  return new MqMessage(Object.assign({}, message, { payload: checked.value }));
}

function unfit(subscription: Subscription, { id, tag }: MqMessage, issues: readonly PayloadIssue[]): Refusal {
  const { topic } = subscription;
  return new Refusal(
    'MQ_PAYLOAD_INVALID',
    `Message ${id} of ${subscription.label} does not fit the schema of topic '${topic.alias}'` +
      `${tag === undefined ? '' : ` for the tag '${tag}'`}, so it was parked: ${describeIssues(issues)}. No further attempt could change ` +
      'that. Replay it once a schema that takes it is deployed, and deploy consumers before publishers.',
    { details: { messageId: id, topic: topic.alias, ...(tag !== undefined && { tag }), issues } },
  );
}
