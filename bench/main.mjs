// npm run bench, npm run bench:quick
//
// What the library costs, beside what the same costs without it. docs/reference/benchmarks.md says what each line means.
import { writeFile } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import { buildIfStale } from '../scripts/build-if-stale.mjs';
import { Children } from '../scripts/demo/children.mjs';
import { table } from './harness/print.mjs';
import { Quiet } from './harness/quiet.mjs';
import { Databases } from './support/databases.mjs';
import { readOptions } from '../scripts/support/read-options.mjs';

/**
 * What a scenario is given.
 *
 * @typedef {object} Setting
 * @property {Databases} databases
 * @property {Children} children
 * @property {Quiet} quiet
 * @property {boolean} quick
 * @property {number} rounds
 * @property {number} budgetMs
 */
/** @typedef {{ title: string, run(setting: Setting): AsyncIterable<import('./harness/rows.mjs').Row> }} Scenario */

/**
 * In the order in which they run: what needs the quietest machine first. Seconds: what the rounds of one comparison may take.
 *
 * @type {Record<string, { seconds?: number }>}
 */
const SCENARIOS = {
  latency: {},
  wire: { seconds: 35 },
  publish: { seconds: 45 },
  relay: { seconds: 40 },
  history: { seconds: 25 },
  consume: { seconds: 30 },
  batches: { seconds: 30 },
  enhancers: { seconds: 25 },
  grpc: { seconds: 60 },
  'idle-broker': { seconds: 100 },
  idle: {},
};
const FULL = { quick: false, rounds: 5, share: 1, waitMs: 45_000 };
const QUICK = { quick: true, rounds: 2, share: 0, waitMs: 5_000 };

const HELP = `npm run bench -- [options]
npm run bench:quick -- [options]     fewer rounds, smaller loads, less than 90 seconds

  --only NAME    one of ${Object.keys(SCENARIOS).join(', ')}; may be given several times
  --json FILE    write what is printed there, too
  --no-build     do not build the library, even if it is out of date
  --help         this text

Exits with 1 if a sample lost a message or did something twice. A ratio that misses its aim is told, and no failure: it is
the machine's as well as the library's.

Environment:
  MQ_TEST_POSTGRES_URL   a PostgreSQL server; default postgres://postgres@127.0.0.1:5432, else one from npm is started
  MQ_TEST_MARIADB_URL    a MariaDB server; default mysql://root@127.0.0.1:3306, else left out
  MQ_TEST_MYSQL_URL      a MySQL server; default mysql://root@127.0.0.1:3306, else bench starts one where Debian's can be fetched,
                         and bench:quick leaves it out
`;

const { values: given } = readOptions({
  options: {
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    quick: { type: 'boolean' },
    'no-build': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});

if (given.help) {
  process.stdout.write(HELP);
} else {
  process.exitCode = await main(given);
}

/** @param {{ only?: string[], json?: string, quick?: boolean, 'no-build'?: boolean }} options */
async function main({ only = Object.keys(SCENARIOS), json, quick, 'no-build': noBuild }) {
  const unknown = only.filter((name) => !(name in SCENARIOS));
  if (unknown.length > 0) {
    console.error(`there is no benchmark ${unknown.join(', ')}; known: ${Object.keys(SCENARIOS).join(', ')}`);
    return 1;
  }
  if (!noBuild) await buildIfStale((line) => console.error(line));
  const { waitMs, share, ...mode } = quick ? QUICK : FULL;
  const children = new Children();
  const quiet = new Quiet(waitMs);
  /** @type {Databases | undefined} */
  let databases;
  /** @type {Promise<void> | undefined} */
  let ending;
  const end = () =>
    (ending ??= (async () => {
      await databases?.end();
      await children.stop();
    })());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => void end().then(() => process.exit(130)));
  try {
    databases = await Databases.find(children, { withMysql: !mode.quick });
    const machine = describeMachine(databases);
    console.log(machine.lines.join('\n'));
    /** @type {{ name: string, title: string, rows: import('./harness/rows.mjs').Row[] }[]} */
    const results = [];
    for (const name of Object.keys(SCENARIOS).filter((one) => only.includes(one))) {
      /** @type {Scenario} */
      const scenario = await import(`./scenarios/${name}.mjs`);
      console.log(`\n## ${name}: ${scenario.title}\n`);
      /** @type {import('./harness/rows.mjs').Row[]} */
      const rows = [];
      const budgetMs = (SCENARIOS[name].seconds ?? 0) * share * 1_000;
      for await (const row of scenario.run({ ...mode, databases, children, quiet, budgetMs })) rows.push(row);
      console.log(table(rows));
      results.push({ name, title: scenario.title, rows });
    }
    console.log(`\n${describeNoise(quiet.summary)}`);
    if (json) {
      const { lines: _, ...facts } = machine;
      await writeFile(
        json,
        `${JSON.stringify({ ...facts, quick: mode.quick, noise: quiet.summary, results }, null, 2)}\n`,
      );
    }
    return 0;
  } catch (error) {
    console.error(`\n${error.stack ?? error}\n${children.report()}`);
    return 1;
  } finally {
    await end();
  }
}

/** @param {Databases} databases */
function describeMachine(databases) {
  const servers = databases.servers.map(({ label, version }) => ({ label, version }));
  const facts = { node: process.version, processors: availableParallelism(), kernel: release(), servers };
  const names = servers
    .map(({ label, version }) => (version.includes(label) ? version : `${label} ${version}`))
    .join(', ');
  const lines = [`Node ${facts.node}, ${facts.processors} processors, ${names}; broker and databases on this machine.`];
  if (!servers.some(({ label }) => label !== 'PostgreSQL')) lines.push('No MySQL or MariaDB found: left out.');
  return { ...facts, lines };
}

/** @param {{ samples: number, busyBefore: number, slowedDown: number }} options */
function describeNoise({ samples, busyBefore, slowedDown }) {
  return (
    `${samples} samples. Before them the processors were ${Math.round(busyBefore * 100)} % busy with something else, and ` +
    `${slowedDown} times a fixed amount of work took more than 1.3 times its best. Trust ratios, not rates.`
  );
}
