/** @typedef {{ count: number, ms?: number | undefined }} Done */

/**
 * A way to do something whose speed is measured. Everything may be async.
 *
 * @typedef {object} Variant
 * @property {() => unknown} [prepare] before the clock starts
 * @property {() => Done | Promise<Done>} run does it; answers `{ count }`, and `ms` where the whole call is not what counts
 * @property {(count: number) => unknown} [check] throws if what was done is not right: a fast wrong answer is none
 */

/** @typedef {{ perSecond: number, cpuMicros: number }} Sample */

/**
 * Measures variants in turns: every round runs each of them once, every second round in reverse order, after one round that
 * does not count. So what changes on the machine in the meantime changes all of them, and the ratio within a round is fair
 * where the figures of different rounds are not.
 *
 * @param {Record<string, Variant>} variants
 * @param {{ rounds: number, budgetMs: number, quiet: import('./quiet.mjs').Quiet }} options no round begins once the
 *   budget is spent, but two are always run
 * @returns {Promise<Record<string, Sample[]>>}
 */
export async function compare(variants, { rounds, budgetMs, quiet }) {
  const names = Object.keys(variants);
  /** @type {Record<string, Sample[]>} */
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) await sample(variants[name], quiet);
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round++) {
    if (round >= 2 && performance.now() - startedAt > budgetMs) break;
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      samples[name].push(await sample(variants[name], quiet));
    }
  }
  return samples;
}

/**
 * @param {Variant} options
 * @param {import('./quiet.mjs').Quiet} quiet
 * @returns {Promise<Sample>}
 */
async function sample({ prepare, run, check }, quiet) {
  await prepare?.();
  await quiet.wait();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const result = await run();
  const ms = result.ms ?? performance.now() - startedAt;
  const cpu = process.cpuUsage(cpuBefore);
  await check?.(result.count);
  return { perSecond: (result.count / ms) * 1_000, cpuMicros: (cpu.user + cpu.system) / result.count };
}
