import { median, spread } from './statistics.mjs';

/** @typedef {import('./compare.mjs').Sample} Sample */
/** @typedef {{ name: string, perSecond: number, cpuMicros: number }} Summary */
/**
 * @typedef {object} Row
 * @property {string} what
 * @property {string} database
 * @property {string} unit
 * @property {number} value
 * @property {number[]} spread
 * @property {number} rounds
 * @property {Summary} [base]
 * @property {Summary} [subject]
 * @property {{ atLeast?: number, atMost?: number }} [aim]
 * @property {boolean} [met]
 * @property {boolean} [noisy]
 * @property {string} [note]
 */

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

/**
 * A rate that nothing stands beside.
 *
 * @param {{ what: string, database: string, subject: [name: string, samples: Sample[]] }} options
 * @returns {Row}
 */
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

/**
 * A figure that is to stay below a limit. `values`: one for each round.
 *
 * @param {{ what: string, database: string, unit: string, values: number[], atMost?: number, note?: string }} options
 * @returns {Row}
 */
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

/**
 * @param {string} name
 * @param {Sample[]} samples
 * @returns {Summary}
 */
function summary(name, samples) {
  return {
    name,
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    cpuMicros: median(samples.map(({ cpuMicros }) => cpuMicros)),
  };
}
