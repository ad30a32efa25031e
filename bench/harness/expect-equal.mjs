/**
 * A sample that lost something, or did it twice, has no speed.
 *
 * @param {string} what
 * @param {unknown} actual
 * @param {unknown} expected
 */
export function expectEqual(what, actual, expected) {
  if (Number(actual) !== Number(expected)) throw new Error(`${what}: ${actual} instead of ${expected}`);
}
