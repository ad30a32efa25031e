/** @typedef {import('./gauges.mjs').Gauges} Gauges */
/** @typedef {[passed: boolean | null, text: string]} Check */
/** Fewer make no quarters. */
const SAMPLES = 8;
/** What a heap may be larger by in the end: noise of what is under way when it is measured. */
const GROWTH = { share: 1.2, mib: 4 };

/**
 * What must be true in the end, each as `[passed, text]`; `null` for what could not be judged.
 *
 * @param {{ app: import('./application.mjs').SoakApplication, load: import('./steady-load.mjs').SteadyLoad, samples: Gauges[] }} options
 * @returns {Promise<Check[]>}
 */
export async function judge({ app, load, samples }) {
  const [rows] = await app.dataSource.query(
    `SELECT (SELECT count(*) FROM soak_ledger) AS committed, (SELECT count(*) FROM soak_effect) AS effects,
       (SELECT count(*) FROM (SELECT n FROM soak_ledger EXCEPT SELECT n FROM soak_effect) AS missing) AS lost,
       (SELECT count(*) FROM (SELECT n FROM soak_effect EXCEPT SELECT n FROM soak_ledger) AS ghosts) AS invented,
       (SELECT count(*) - count(DISTINCT n) FROM soak_effect) AS doubled,
       (SELECT count(*) FROM mq_status_log WHERE due_at IS NOT NULL) AS unfinished,
       (SELECT count(*) FROM mq_error_log WHERE parked) AS parked`,
  );
  const { committed, effects, lost, invented, doubled, unfinished, parked } = Object.fromEntries(
    Object.entries(rows).map(([name, value]) => [name, Number(value)]),
  );
  return [
    [committed > 0 && lost === 0, `nothing lost: ${committed} committed, ${lost} without their effect`],
    [doubled === 0, `each handled once: ${effects} effects, ${doubled} of them twice`],
    [invented === 0, `nothing invented: ${invented} effects of what was not committed`],
    [unfinished === 0 && parked === 0, `nothing left over: ${unfinished} unfinished rows, ${parked} parked`],
    [
      load.failures === 0,
      `every publish worked: ${load.failures} failed${load.lastFailure ? `, lastly ${load.lastFailure.message}` : ''}`,
    ],
    [
      load.skipped === 0 || null,
      `the machine kept up: ${load.skipped} left out, because as many as may were under way`,
    ],
    memory(samples),
    steady(samples, 'sockets'),
    steady(samples, 'connections'),
  ];
}

/**
 * @param {Gauges[]} samples
 * @returns {Check}
 */
function memory(samples) {
  if (samples.length < SAMPLES) return [null, `heap: ${samples.length} samples are too few to say whether it grows`];
  const [first, last] = quarters(samples, 'heap');
  return [
    last <= first * GROWTH.share + GROWTH.mib,
    `heap after collection does not grow: ${first.toFixed(1)} MiB in the first quarter, ${last.toFixed(1)} MiB in the last (medians)`,
  ];
}

/**
 * @param {Gauges[]} samples
 * @param {keyof Gauges} name
 * @returns {Check}
 */
function steady(samples, name) {
  if (samples.length < SAMPLES)
    return [null, `${name}: ${samples.length} samples are too few to say whether they grow`];
  const [first, last] = quarters(samples, name);
  return [last <= first * 1.5 + 2, `${name} do not grow: ${first} in the first quarter, ${last} in the last (medians)`];
}

/**
 * @param {Gauges[]} samples
 * @param {keyof Gauges} name
 */
function quarters(samples, name) {
  const quarter = Math.floor(samples.length / 4);
  return [samples.slice(0, quarter), samples.slice(-quarter)].map((part) => median(part.map((each) => each[name])));
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
