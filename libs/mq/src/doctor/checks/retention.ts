import { leaseLength } from '../../core/consumer/lease/lease-length.js';
import type { TransportCapabilities } from '../../core/transport/capabilities.js';
import type { Check, CheckContext } from '../check.js';

type Subscribed = CheckContext['subscriptions'][number];

/** What a group waits between two attempts at most, unless its backoff says otherwise, which a function does not tell. */
const BACKOFF_CAP_MS = 600_000;
const HOUR = 3_600_000;

/** What the inbox has forgotten is handled a second time when the broker delivers it once more. */
export const retention: Check = {
  code: 'retention',
  needs: 'nothing',
  run({ options, subscriptions }) {
    const { inboxMs } = options.retention;
    if (inboxMs === null) return [];
    const { capabilities, name } = options.transport;
    const windows = subscriptions
      .filter(({ group }) => group.inbox)
      .map((subscription) => ({ label: subscription.label, ms: redeliveryMs(capabilities, subscription) }))
      .filter(({ ms }) => ms > inboxMs);
    if (windows.length === 0) return [];
    const longest = Math.max(...windows.map(({ ms }) => ms));
    return [
      {
        code: 'retention-below-redelivery',
        severity: 'error',
        what:
          `handled messages are known for ${hours(inboxMs)} h, but ${name} may deliver a copy for ${hours(longest)} h: ` +
          'what comes later than the one and earlier than the other is handled twice',
        evidence: {
          inboxHours: hours(inboxMs),
          redeliveryHours: hours(longest),
          deliveries: capabilities.limits.maxDeliveries,
          subscriptions: windows.map(({ label }) => label),
        },
        todo: `retention: { inbox: '${Math.ceil((2 * longest) / HOUR)}h' }, or longer; the default is '14d'`,
      },
    ];
  },
};

/** From the first delivery of a message to its last. */
function redeliveryMs(capabilities: TransportCapabilities, { spec, group }: Subscribed): number {
  const { limits, chooseLease, explicitRetryDelay } = capabilities;
  const given = spec.ordered ? limits.leaseMs.ordered : limits.leaseMs.max;
  const lease = chooseLease ? leaseLength(capabilities, group.timeoutMs) : given;
  return limits.maxDeliveries * (lease + (explicitRetryDelay ? BACKOFF_CAP_MS : 0));
}

const hours = (ms: number): number => Math.round((ms / HOUR) * 10) / 10;
