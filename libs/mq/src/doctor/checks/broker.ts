import type { TransportError, TransportErrorKind } from '../../core/transport/transport-error.js';
import type { Check, CheckContext } from '../check.js';
import type { DoctorFinding } from '../finding.js';
import { judgeSubscription } from './judge-subscription.js';
import { judgeTopic } from './judge-topic.js';

/** What is said of the way to the broker, and of no topic. */
const AWAY: readonly TransportErrorKind[] = ['unavailable', 'unknown', 'unanswered', 'throttled', 'aborted'];

/** What the broker has of our topics and groups. No message is sent or taken. */
export const broker: Check = {
  code: 'broker',
  needs: 'broker',
  async run(context) {
    const { topics, subscriptions, untold } = await context.inspection();
    for (const what of untold) context.untold(what);
    const errors = [...topics, ...subscriptions].flatMap(({ error }) => error ?? []);
    const found = ofTheConnection(context, errors);
    if (found) return [found];
    const defect = errors.find(({ kind }) => kind === 'defect' || kind === 'invalid');
    if (defect) throw defect;
    const aliases = [...context.options.topics.values()];
    const broken = new Set(aliases.filter((_, i) => topics[i]!.error).map(({ topic }) => topic));
    return [
      ...topics.flatMap((topic, i) => judgeTopic(aliases[i]!, topic)),
      ...subscriptions.flatMap((inspected, i) => {
        const subscription = context.subscriptions[i]!;
        // One finding for one cause.
        return broken.has(subscription.topic.topic) ? [] : judgeSubscription(subscription, inspected);
      }),
    ];
  },
};

function ofTheConnection({ options }: CheckContext, errors: readonly TransportError[]): DoctorFinding | null {
  const { identity } = options.transport;
  const away = errors.find(({ kind }) => AWAY.includes(kind));
  if (away) {
    return {
      code: 'broker-unreachable',
      severity: 'error',
      what: 'the broker cannot be asked: messages wait in the outbox, and nothing is delivered',
      evidence: { broker: identity, kind: away.kind, answer: away.message },
      todo: 'start the broker, or correct the endpoint in the options of the transport, the firewall, the DNS',
    };
  }
  const allDenied = errors.length > 0 && errors.every(({ kind }) => kind === 'denied');
  const refused = errors.find(({ kind }) => kind === 'auth') ?? (allDenied ? errors[0] : undefined);
  if (!refused) return null;
  return {
    code: 'broker-refuses',
    severity: 'error',
    what: 'the broker refuses the credentials: messages wait in the outbox, and nothing is delivered',
    evidence: { broker: identity, brokerCode: refused.brokerCode ?? null, answer: refused.message },
    todo: 'correct the access key and its secret in the options of the transport, and the clock of this machine',
  };
}
