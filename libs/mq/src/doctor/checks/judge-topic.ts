import type { ResolvedTopic } from '../../core/config/resolved-options.js';
import type { TopicInspection } from '../../core/transport/inspection.js';
import type { DoctorFinding } from '../finding.js';

export function judgeTopic(
  { alias, topic, instanceId, ordered }: ResolvedTopic,
  { error, takes }: TopicInspection,
): DoctorFinding[] {
  const named = { alias, topic, instanceId };
  if (error?.kind === 'not-found') {
    return [
      {
        code: 'topic-missing',
        severity: 'error',
        what: `the broker has no topic '${topic}': messages for '${alias}' wait in the outbox`,
        evidence: { ...named, answer: error.message },
        todo: `create the topic '${topic}' at the broker, or correct topics.${alias}.topic`,
      },
    ];
  }
  if (error) {
    return [
      {
        code: 'topic-forbidden',
        severity: 'error',
        what: `the broker does not let these credentials use the topic '${topic}'`,
        evidence: { ...named, kind: error.kind, answer: error.message },
        todo: `grant the access key the right to publish to '${topic}', and to subscribe where it is read`,
      },
    ];
  }
  if (takes === null) return [];
  if (ordered && !takes.includes('ordered')) {
    return [
      {
        code: 'topic-type',
        severity: 'error',
        what: `'${alias}' is ordered here, but the topic '${topic}' takes ${takes.join(', ')} messages only: each one is refused`,
        evidence: { ...named, takes, needs: 'ordered' },
        todo: `make the topic one for ordered messages (type FIFO), or take ordered: true from topics.${alias}`,
      },
    ];
  }
  if (!ordered && takes.length > 0 && !takes.includes('normal') && !takes.includes('delayed')) {
    return [
      {
        code: 'topic-type',
        severity: 'warning',
        what: `the topic '${topic}' is one for ordered messages and '${alias}' is not ordered here: delays are refused`,
        evidence: { ...named, takes, needs: 'normal' },
        todo: `topics: { ${alias}: { ordered: true } }, or make the topic one of type NORMAL`,
      },
    ];
  }
  return [];
}
