import { PermanentError, RetryLater } from '../../errors/control-flow.js';
import { Refusal } from '../../errors/refusal.js';
import { verdictOn } from './failure-verdict.js';

const policy = ({ attempt }: { attempt: number }) => (attempt === 3 ? 'park' : attempt * 10);

it.each([
  ['an error', new Error('x'), 1, 10],
  ['an error, a second time', new Error('x'), 2, 20],
  ['an error that the policy gives up on', new Error('x'), 3, 'park'],
  ['an error at the last attempt', new Error('x'), 5, 'park'],
  ['nothing', undefined, 1, 10],
  ['RetryLater', new RetryLater('7s'), 3, 7_000],
  ['RetryLater at the last attempt', new RetryLater('7s'), 5, 'park'],
  ['PermanentError', new PermanentError('x'), 1, 'park'],
  ['a refusal', new Refusal('MQ_FORBIDDEN', 'x', {}), 1, 'park'],
])('%s at attempt → %s', (_, error, attempt, expected) => {
  const failure = { side: 'consume', attempt, maxAttempts: 5, error, messageId: 'm', topic: 't', group: 'g' } as const;
  expect(verdictOn(failure, policy)).toBe(expected);
});
