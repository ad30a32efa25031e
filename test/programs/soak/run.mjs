// The soak test: hours of steady load, and whether anything is lost, doubled, or grows.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { findDatabases } from '../../support/find-databases.mjs';
import { startRocketmq } from '../../support/rocketmq/start-rocketmq.mjs';
import { readGauges } from './gauges.mjs';
import { GROUP, TOPIC } from './names.mjs';
import { SteadyLoad } from './steady-load.mjs';
import { judge } from './verdict.mjs';
import { buildIfStale } from '../../../scripts/build-if-stale.mjs';
import { readOptions, refuseOption } from '../../../scripts/support/read-options.mjs';

/** @typedef {import('./application.mjs').SoakApplication} SoakApplication */

const HELP = `Usage: npm run soak -- [options]

One process that publishes in transactions at a steady rate, relays, and handles each message with a row in the database; on a
real RocketMQ 5, which it starts, and PostgreSQL (MQ_TEST_POSTGRES_URL, or the standard port of this machine). Needs a JDK, and
Maven the first time. Tells each minute how it is; in the end whether each message was handled once and none was lost, and
whether memory, sockets and connections stayed what they were. Exits with 1 if not. Ctrl-C ends the load and judges what there
was; once more ends it at once.

  --minutes N     how long to publish; 60 unless given. The heap is judged from 8 minutes on
  --rate N        transactions in a second, each with one message; 200 unless given
  --pool N        connections of the pool; 40 unless given
  --keep TEXT     how long finished rows are kept, so that pruning is part of it; 10m unless given
  --help          this text`;

const SAMPLE_MS = 60_000;
/** Seconds' worth of messages that may be on their way before publishing pauses. */
const BACKLOG_SECONDS = 10;
/** How long nothing may be handled, in the end, before what is on its way is taken for lost. */
const STUCK_MS = 120_000;

const { values } = readOptions({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '200' },
    pool: { type: 'string', default: '40' },
    keep: { type: 'string', default: '10m' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const [minutes, rate, poolSize] = [values.minutes, values.rate, values.pool].map(Number);
if (!(minutes > 0 && rate > 0 && poolSize > 0)) refuseOption('minutes, rate and pool are numbers above 0');
const postgres = (await findDatabases()).postgres ?? '';
if (!postgres) {
  console.error('The soak test needs PostgreSQL, which does not answer. Start it, or name it: see --help.');
  process.exit(1);
}

const interrupted = new AbortController();
/** @type {(() => Promise<unknown>)[]} */
const cleanUps = [];
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    if (interrupted.signal.aborted) void cleanUp().finally(() => process.exit(130));
    else console.log(`${signal}: the load ends, what is on its way is waited for`);
    interrupted.abort();
  });

try {
  await buildIfStale((line) => console.error(line));
  process.exitCode = (await soak()) ? 0 : 1;
} catch (error) {
  console.error(`soak: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}

async function soak() {
  const databaseUrl = await createDatabase();
  const broker = await startRocketmq({ topics: [{ name: TOPIC }], groups: [{ name: GROUP, maxRetries: 25 }] });
  cleanUps.push(() => broker.stop());
  const { SoakApplication } = await import('./application.mjs');
  const retention = { sent: values.keep, inbox: values.keep, errors: /** @type {const} */ (false) };
  const app = await SoakApplication.boot({ endpoint: broker.endpoint, databaseUrl, poolSize, retention });
  cleanUps.push(() => app.close());
  const load = new SteadyLoad({
    rate,
    most: poolSize / 4,
    room: () => app.backlog < rate * BACKLOG_SECONDS,
    publish: (n) => app.publish(n),
  });
  /** @type {import('./gauges.mjs').Gauges[]} */
  const samples = [];
  console.log(`${rate}/s for ${minutes} minutes, process ${process.pid}; the heap is that after a collection`);
  load.start();
  const endsAt = performance.now() + minutes * 60_000;
  while (!interrupted.signal.aborted && performance.now() < endsAt) {
    const pause = Math.min(SAMPLE_MS, endsAt - performance.now());
    await delay(pause, undefined, { signal: interrupted.signal }).catch(() => undefined);
    await sample(app, load, samples);
  }
  await load.stop();
  await drain(app);
  const checks = await judge({ app, load, samples });
  console.log(`Incidents: ${JSON.stringify(app.incidents)}`);
  for (const [passed, text] of checks) console.log(`${passed === null ? '  --' : passed ? '  ok' : 'FAIL'}  ${text}`);
  return checks.every(([passed]) => passed !== false);
}

/**
 * Until everything is handled, and marked as sent.
 *
 * @param {SoakApplication} app
 */
async function drain(app) {
  let [handled, movedAt] = [app.handled, performance.now()];
  while (performance.now() - movedAt < STUCK_MS) {
    const [{ unfinished }] = await app.dataSource.query(
      'SELECT count(*)::int AS unfinished FROM mq_status_log WHERE due_at IS NOT NULL',
    );
    if (app.backlog <= 0 && unfinished === 0) return;
    if (app.handled !== handled) [handled, movedAt] = [app.handled, performance.now()];
    await delay(200);
  }
}

/**
 * @param {SoakApplication} app
 * @param {SteadyLoad} load
 * @param {import('./gauges.mjs').Gauges[]} samples
 */
async function sample(app, load, samples) {
  const { latency } = app;
  const [p50, p99, max] = [latency.percentile(50), latency.percentile(99), latency.max];
  latency.reset();
  const gauges = await readGauges(app.dataSource);
  samples.push(gauges);
  const { rss, heap, external, sockets, connections, outbox, inbox, errors } = gauges;
  console.log(
    `${String(samples.length).padStart(3)}  published ${app.published}  handled ${app.handled}  backlog ${app.backlog}  ` +
      `ms p50 ${p50} p99 ${p99} max ${max}  MiB rss ${rss.toFixed(0)} heap ${heap.toFixed(1)} external ${external.toFixed(1)}  ` +
      `sockets ${sockets}  connections ${connections}  rows outbox ${outbox} inbox ${inbox} errors ${errors}` +
      (load.skipped > 0 ? `  left out ${load.skipped}` : ''),
  );
}

async function createDatabase() {
  const name = `mq_soak_${randomBytes(5).toString('hex')}`;
  const server = await new DataSource({ type: 'postgres', url: postgres }).initialize();
  await server.query(`CREATE DATABASE ${name}`);
  cleanUps.push(async () => {
    await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await server.destroy();
  });
  const url = new URL(postgres);
  url.pathname = `/${name}`;
  const database = await new DataSource({ type: 'postgres', url: url.href }).initialize();
  await database.query('CREATE TABLE soak_ledger (n bigint NOT NULL)');
  // No unique key: an effect that happens twice must show.
  await database.query('CREATE TABLE soak_effect (n bigint NOT NULL)');
  await database.destroy();
  return url.href;
}

/** Ends and removes everything that was started, last first. */
async function cleanUp() {
  for (const each of cleanUps.splice(0).reverse())
    await each().catch((error) => console.error(`cleaning up: ${error.message}`));
}
