import { MAX_ASKED_WAIT_MS, TransportError } from './transport-error.js';

it.each([
  [undefined, undefined],
  [Number.NaN, undefined],
  [-1, 0],
  [Number.NEGATIVE_INFINITY, 0],
  [7_000, 7_000],
  [MAX_ASKED_WAIT_MS + 1, MAX_ASKED_WAIT_MS],
  [Number.POSITIVE_INFINITY, MAX_ASKED_WAIT_MS],
])('a broker that asks for a wait of %p ms gets %p', (retryAfterMs, granted) => {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  expect(new TransportError('throttled', 'slow down', options).retryAfterMs).toBe(granted);
});

it('keeps what is known of a failure when more is', () => {
  const cause = new Error('reset');
  const options = { brokerCode: 'gRPC 4', requestId: 'r1', retryAfterMs: 7_000, cause };
  const error = new TransportError('unknown', 'no answer', options);
  const known = { ...options, kind: 'unknown', message: 'no answer' };
  expect(error.with({ broker: 'a' })).toMatchObject({ ...known, broker: 'a' });
  const other = error.with({ kind: 'unavailable', message: 'starting', cause: error });
  expect(other).toMatchObject({ ...options, kind: 'unavailable', message: 'starting', cause: error });
});
