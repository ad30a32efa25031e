import type { Inspection, SubscriptionInspection, TopicInspection } from '../../core/transport/inspection.js';
import { asTransportError } from '../../core/transport/as-transport-error.js';
import type { InspectionRequest } from '../../core/transport/transport.js';
import type { TransportError } from '../../core/transport/transport-error.js';
import type { ResolvedAliyunHttpOptions } from './options.js';
import { brokerError, refusal } from './refusal.js';
import type { SharedWire } from './source.js';
import type { HttpAnswer } from './wire/http-exchange.js';

/** What no message has ever been handed out under. */
const NO_HANDLE = 'doctor';
/** Asked about a topic that no group of this application reads: a group that does not exist is another answer than a topic that does not. */
const NO_GROUP = 'GID_doctor';
/** What the broker says of such a handle once it has found nothing else to refuse. */
const GOT_THROUGH = new Set(['ReceiptHandleError', 'MessageNotExist', 'MissingReceiptHandle', 'InvalidArgument']);

const UNTOLD = [
  'which type of messages a topic takes: over HTTP only a message that is sent tells',
  'how often the broker delivers a message of a group: over HTTP that cannot be asked',
];

/**
 * The wire format has no call that asks. So this acknowledges what does not exist, under a handle that was never given out: the
 * broker has nothing to acknowledge, but refuses wrong credentials, an unknown topic and an unknown group before it says so.
 */
export async function inspectOverHttp(
  shared: SharedWire,
  { topics, subscriptions }: InspectionRequest,
  options: Pick<ResolvedAliyunHttpOptions, 'requestTimeoutMs' | 'clock'>,
  signal: AbortSignal,
): Promise<Inspection> {
  const probe = (instanceId: string | null, topic: string, groupId: string): Promise<TransportError | null> =>
    shared.wire
      .run(
        {
          what: `question about '${topic}' for ${groupId}`,
          sockets: shared.sockets,
          deadlineMs: options.requestTimeoutMs,
          call: { kind: 'acknowledge', spec: { instanceId, topic, groupId }, handles: [NO_HANDLE] },
          read: (answer: HttpAnswer) => judge(answer, options),
        },
        signal,
      )
      .then(() => null, asTransportError);
  const found = await Promise.all(
    subscriptions.map(async ({ instanceId, topic, groupId }): Promise<SubscriptionInspection> => {
      return { error: await probe(instanceId, topic, groupId), maxDeliveries: null, ordered: null };
    }),
  );
  const ofTopics = topics.map(async ({ instanceId, topic }): Promise<TopicInspection> => {
    const error = await probe(instanceId, topic, NO_GROUP);
    return { error: error?.brokerCode === 'SubscriptionNotExist' ? null : error, takes: null };
  });
  return { topics: await Promise.all(ofTopics), subscriptions: found, untold: UNTOLD };
}

function judge(answer: HttpAnswer, { clock }: Pick<ResolvedAliyunHttpOptions, 'clock'>): void {
  if (answer.status === 204) return;
  const said = brokerError(answer);
  // The list of handles that were refused is a document of another name, which carries no code of its own.
  if (said ? GOT_THROUGH.has(said.code) : /<Errors[\s>]/.test(answer.body.toString())) return;
  throw refusal(answer, clock);
}
