import { median, spread } from './statistics.mjs';

/** Above this, the baseline itself moved so much that its ratios say little. */
const NOISY = 1.5;

/**
 * One line of the result: how fast the subject is beside its baseline.
 *
 * @param {object} of
 * @param {string} of.what
 * @param {string} of.database
 * @param {[string, import('./compare.mjs').Sample[]]} of.base name and samples
 * @param {[string, import('./compare.mjs').Sample[]]} of.subject
 * @param {number} [of.atLeast] the aim
 */
export function ratioRow({ what, database, base: [baseName, base], subject: [name, subject], atLeast }) {
  const ratios = subject.map(({ perSecond }, round) => perSecond / base[round].perSecond);
  const [slowest, fastest] = spread(base.map(({ perSecond }) => perSecond));
  return {
    what,
    database,
    unit: 'x',
    value: median(ratios),
    spread: spread(ratios),
    rounds: ratios.length,
    base: summary(baseName, base),
    subject: summary(name, subject),
    noisy: fastest > NOISY * slowest,
    ...(atLeast !== undefined && { aim: { atLeast }, met: median(ratios) >= atLeast }),
  };
}

/** A rate that nothing stands beside. */
export function rateRow({ what, database, subject: [name, samples] }) {
  const rates = samples.map(({ perSecond }) => perSecond);
  return {
    what,
    database,
    unit: '/s',
    value: median(rates),
    spread: spread(rates),
    rounds: rates.length,
    subject: summary(name, samples),
  };
}

/** A figure that is to stay below a limit. `values`: one for each round. */
export function limitRow({ what, database, unit, values, atMost, note }) {
  return {
    what,
    database,
    unit,
    value: median(values),
    spread: spread(values),
    rounds: values.length,
    ...(note && { note }),
    ...(atMost !== undefined && { aim: { atMost }, met: median(values) <= atMost }),
  };
}

function summary(name, samples) {
  return {
    name,
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    cpuMicros: median(samples.map(({ cpuMicros }) => cpuMicros)),
  };
}
