import { TransportError } from '../transport/transport-error.js';
import { pollBackoff, pollFailure } from './poll-failure.js';

const failure = (...args: ConstructorParameters<typeof TransportError>) => pollFailure(new TransportError(...args));

it.each([
  ['unavailable', 'MQ_BROKER_UNAVAILABLE', 1_000, 3_000],
  ['unknown', 'MQ_BROKER_UNAVAILABLE', 1_000, 3_000],
  ['throttled', 'MQ_BROKER_THROTTLED', 1_000, 30_000],
  ['auth', 'MQ_BROKER_AUTH', 10_000, 120_000],
  ['not-found', 'MQ_BROKER_REJECTED', 10_000, 120_000],
  ['invalid', 'MQ_BROKER_REJECTED', 10_000, 120_000],
] as const)('%s is %s, and waits from %d to %d ms', (kind, code, least, most) => {
  const told = failure(kind, 'no');
  expect(told.code).toBe(code);
  for (const failures of [1, 2, 10, 1_000]) {
    for (const roll of [0, 0.5, 0.999]) {
      const wait = pollBackoff(told, failures, () => roll);
      expect(wait).toBeGreaterThanOrEqual(least);
      expect(wait).toBeLessThanOrEqual(most);
    }
  }
  expect(pollBackoff(told, 1_000, () => 0.999)).toBeGreaterThan(most * 0.9);
});

it('what is no error of a transport is a broker that cannot be reached', () => {
  expect(pollFailure(new TypeError('a bug')).code).toBe('MQ_BROKER_UNAVAILABLE');
});

it('waits at least as long as the broker asks for', () => {
  expect(pollBackoff(failure('throttled', 'slow down', { retryAfterMs: 90_000 }), 1, () => 0)).toBe(90_000);
});
