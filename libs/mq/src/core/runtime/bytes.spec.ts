import { tryParseBytes } from './bytes.js';

describe('tryParseBytes', () => {
  it.each([
    [0, 0],
    [1_000.4, 1_000],
    ['100B', 100],
    ['1kb', 1_024],
    ['1.5 MB', 1_572_864],
    [' 64MB ', 67_108_864],
    ['1GB', 1_073_741_824],
  ])('reads %p as %p', (value, bytes) => expect(tryParseBytes(value)).toBe(bytes));

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '64', '64MiB', '-1MB', '', null, undefined, {}])(
    'does not read %p',
    (value) => expect(tryParseBytes(value)).toBeUndefined(),
  );
});
