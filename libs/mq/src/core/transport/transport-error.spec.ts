import { MAX_ASKED_WAIT_MS } from './asked-wait.js';
import { TransportError } from './transport-error.js';

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
