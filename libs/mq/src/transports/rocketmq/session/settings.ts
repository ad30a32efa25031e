import { hostname, platform, release } from 'node:os';
import { toDuration } from '../protocol/times.js';
import type { Resource, Settings, SubscriptionEntry } from '../protocol/generated.js';
import { writeEndpoint, type Endpoint } from '../wire/endpoint.js';

const USER_AGENT = {
  language: 'NODE_JS' as const,
  version: '5.0.0',
  platform: `${platform()} ${release()}`,
  hostname: hostname(),
};

/** What a producer tells a server: which topics it writes to. */
export function producerSettings(accessPoint: Endpoint, topics: readonly Resource[], timeoutMs: number): Settings {
  return {
    clientType: 'PRODUCER',
    accessPoint: writeEndpoint(accessPoint),
    requestTimeout: toDuration(timeoutMs),
    publishing: { topics: [...topics] },
    userAgent: USER_AGENT,
  };
}

/** What a member of a consumer group tells a server: everything that it reads, with the filters. */
export function consumerSettings(
  accessPoint: Endpoint,
  group: Resource,
  subscriptions: readonly SubscriptionEntry[],
  limits: { readonly timeoutMs: number; readonly waitMs: number },
): Settings {
  return {
    clientType: 'SIMPLE_CONSUMER',
    accessPoint: writeEndpoint(accessPoint),
    requestTimeout: toDuration(limits.timeoutMs),
    subscription: { group, subscriptions: [...subscriptions], longPollingTimeout: toDuration(limits.waitMs) },
    userAgent: USER_AGENT,
  };
}
