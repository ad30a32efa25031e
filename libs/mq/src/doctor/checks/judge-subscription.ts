import type { SubscriptionInspection } from '../../core/transport/inspection.js';
import type { CheckContext } from '../check.js';
import type { DoctorFinding } from '../finding.js';

export function judgeSubscription(
  { topic, group, spec }: CheckContext['subscriptions'][number],
  { error, maxDeliveries, ordered }: SubscriptionInspection,
): DoctorFinding[] {
  const named = { group: group.alias, groupId: spec.groupId, topic: topic.alias };
  if (error?.kind === 'not-found') {
    return [
      {
        code: 'group-missing',
        severity: 'error',
        what: `the broker has no group '${spec.groupId}': '${group.alias}' gets no message of '${topic.alias}'`,
        evidence: { ...named, answer: error.message },
        todo: `create the group '${spec.groupId}' at the broker, or correct groups.${group.alias}.groupId`,
      },
    ];
  }
  if (error) {
    return [
      {
        code: 'group-forbidden',
        severity: 'error',
        what: `the broker does not let these credentials read '${spec.topic}' as the group '${spec.groupId}'`,
        evidence: { ...named, kind: error.kind, answer: error.message },
        todo: `grant the access key the right to subscribe to '${spec.topic}' with '${spec.groupId}'`,
      },
    ];
  }
  const found: DoctorFinding[] = [];
  if (spec.ordered && ordered === false) {
    found.push({
      code: 'group-not-ordered',
      severity: 'error',
      what: `'${topic.alias}' is ordered here, but the group '${spec.groupId}' was not made for orderly delivery: it is not read`,
      evidence: named,
      todo: `mqadmin updateSubGroup -n <name server> -c <cluster> -g ${spec.groupId} -o true`,
    });
  }
  if (maxDeliveries !== null && group.maxAttempts >= maxDeliveries) {
    found.push({
      code: 'group-gives-up-early',
      severity: 'error',
      what:
        `the broker gives a message of '${group.alias}' up after ${maxDeliveries} deliveries, before its ${group.maxAttempts} attempts ` +
        'are over: it ends as a dead letter there instead of being parked here',
      evidence: { ...named, maxDeliveries, maxAttempts: group.maxAttempts },
      todo: `groups: { ${group.alias}: { maxAttempts: ${Math.max(1, maxDeliveries - 1)} } }, or raise retryMaxTimes of the group`,
    });
  }
  return found;
}
