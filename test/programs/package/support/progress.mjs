const startedAt = performance.now();

/**
 * Runs one step of a long run, saying when it began and how long it took.
 *
 * @template Result
 * @param {string} title
 * @param {() => Result | Promise<Result>} work
 */
export async function step(title, work) {
  const begun = performance.now();
  console.log(`[${clock(begun - startedAt)}] ${title}`);
  const result = await work();
  console.log(
    `[${clock(performance.now() - startedAt)}]   done in ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
  return result;
}

/** @param {number} ms */
function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
