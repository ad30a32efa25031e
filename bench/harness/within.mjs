/**
 * The same promise, rejected when it takes longer: what hangs is better told than waited for.
 *
 * @template Value
 * @param {number} ms
 * @param {string} what
 * @param {Promise<Value>} promise
 */
export async function within(ms, what, promise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms / 1_000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
