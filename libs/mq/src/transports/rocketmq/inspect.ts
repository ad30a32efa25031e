import type { Inspection, SubscriptionInspection, TopicInspection } from '../../core/transport/inspection.js';
import { asTransportError } from '../../core/transport/as-transport-error.js';
import { TransportError } from '../../core/transport/transport-error.js';
import type { InspectionRequest, SubscriptionSpec } from '../../core/transport/transport.js';
import type { RocketmqClient } from './client.js';
import type { ResolvedRocketmqOptions } from './options.js';
import { PROFILES } from './profile.js';
import type { FilterExpression } from './protocol/generated.js';
import type { Route } from './routes/route.js';
import type { Session } from './session/session.js';

const KINDS = [
  ['NORMAL', 'normal'],
  ['FIFO', 'ordered'],
  ['DELAY', 'delayed'],
] as const;

/**
 * Asks for the route of each topic, which names the types of messages that it takes, and introduces a consumer of each group,
 * which the server answers with the settings that the group was made with. No poll is sent, so no message is handed out.
 *
 * Servers before 5.4 make a group that is asked for, where `autoCreateSubscriptionGroup` is on, as they do for every consumer.
 */
export async function inspectRocketmq(
  client: RocketmqClient,
  { topics, subscriptions }: InspectionRequest,
  options: Pick<ResolvedRocketmqOptions, 'profile'>,
  signal: AbortSignal,
): Promise<Inspection> {
  return {
    topics: await Promise.all(topics.map(({ topic }) => inspectTopic(client, topic, signal))),
    subscriptions: await Promise.all(subscriptions.map((spec) => inspectSubscription(client, spec, options, signal))),
    untold: [],
  };
}

async function inspectTopic(client: RocketmqClient, topic: string, signal: AbortSignal): Promise<TopicInspection> {
  try {
    const found = await route(client, topic, signal);
    return { error: null, takes: KINDS.filter(([type]) => found.takes(type)).map(([, kind]) => kind) };
  } catch (error) {
    return { error: asTransportError(error), takes: null };
  }
}

async function inspectSubscription(
  client: RocketmqClient,
  { topic, groupId, tags }: SubscriptionSpec,
  { profile }: Pick<ResolvedRocketmqOptions, 'profile'>,
  signal: AbortSignal,
): Promise<SubscriptionInspection> {
  // The filter that every consumer of the group has: servers want them alike.
  const filter: FilterExpression = { type: 'TAG', expression: tags?.join('||') ?? '*' };
  try {
    const [queue] = (await route(client, topic, signal)).readable;
    if (!queue) throw new TransportError('not-found', `the topic '${topic}' may not be read`);
    const connection = client.connections.to(queue.endpoint);
    const choose = (): Session => client.sessions.consumer(client.resource(groupId), client.resource(topic), filter);
    const session = await client.sessions.introduce(choose, connection, signal);
    const ordered = PROFILES[profile].tellsOrder ? session.isOrderly(connection) : null;
    return { error: null, maxDeliveries: session.maxDeliveries(connection), ordered };
  } catch (error) {
    return { error: asTransportError(error), maxDeliveries: null, ordered: null };
  }
}

async function route(client: RocketmqClient, topic: string, signal: AbortSignal): Promise<Route> {
  const found = await client.routes.get(topic, signal);
  if (!found.isDeleted) return found;
  throw new TransportError('not-found', `the broker has no topic '${topic}' any more`);
}
