import { Logger, makeWorkerUtils, run as runWorker } from 'graphile-worker';
import { compare } from '../harness/compare.mjs';
import { expectEqual } from '../harness/expect-equal.mjs';
import { rateRow, ratioRow } from '../harness/rows.mjs';
import { within } from '../harness/within.mjs';
import { Application } from '../support/application.mjs';
import { BODY } from '../support/messages.mjs';
import { NothingBroker } from '../support/nothing-broker.mjs';
import { empty, expectSent, loadDue } from '../support/outbox-rows.mjs';

const AIM = 1;
const LEAN_AIM = 1.6;
const BATCH = 500;
const PEER = 'graphile-worker';
const LEAN = 'relay, retention.sent: 0';
/** Its best setting here; with its defaults it does a tenth of that. */
const PEER_SETTING = { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, maxPoolSize: 10 };

export const title = 'Draining a backlog into a broker that does nothing, beside graphile-worker';

/**
 * What the database side can do when the broker costs nothing.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, quick, ...options }) {
  const count = quick ? 5_000 : 20_000;
  for (const server of databases.servers) {
    const database = await databases.create(server);
    const boot = async (/** @type {object} */ retention) => {
      const transport = new NothingBroker();
      const app = await Application.boot({ database, mq: { transport, reproduce: { batch: BATCH }, retention } });
      return { app, transport };
    };
    const keeping = await boot({});
    const deleting = await boot({ sent: 0 });
    /** @type {Record<string, import('../harness/compare.mjs').Variant>} */
    const variants = {
      relay: relay(keeping, count, expectSent),
      [LEAN]: relay(deleting, count, expectNothing),
    };
    if (server.type === 'postgres') variants[PEER] = await graphile(keeping.app, count);
    const { relay: ours, [LEAN]: lean, [PEER]: peer } = await compare(variants, options);
    await keeping.app.close();
    await deleting.app.close();
    await databases.drop(database);
    /** @typedef {[name: string, samples: import('../harness/compare.mjs').Sample[]]} Named */
    /** @type {Named} */
    const subject = ['relay', ours];
    /** @type {Named} */
    const subjectLean = [LEAN, lean];
    const row = { what: `${count} rows, batch ${BATCH}`, database: server.label };
    if (peer) {
      yield ratioRow({ ...row, subject, base: [PEER, peer], atLeast: AIM });
      yield ratioRow({ ...row, subject: subjectLean, base: [PEER, peer], atLeast: LEAN_AIM });
    } else yield rateRow({ ...row, subject });
    yield ratioRow({ ...row, what: 'the same', subject: subjectLean, base: subject });
  }
}

/** @param {Application} app */
async function expectNothing(app) {
  const [{ total }] = await app.query('SELECT COUNT(*) AS total FROM mq_status_log');
  expectEqual('rows in the outbox', total, 0);
}

/**
 * @param {{ app: Application, transport: NothingBroker }} booted
 * @param {number} count
 * @param {(app: Application, count: number) => Promise<void>} expectRows
 * @returns {import('../harness/compare.mjs').Variant}
 */
function relay({ app, transport: broker }, count, expectRows) {
  let takenBefore = 0;
  return {
    prepare: async () => {
      await empty(app);
      await loadDue(app, count);
      takenBefore = broker.taken;
    },
    run: () => app.drain(count),
    check: async () => {
      await expectRows(app, count);
      expectEqual('messages at the broker', broker.taken - takenBefore, count);
    },
  };
}

/**
 * Timed from its first job, as it starts more slowly; ours from the call that starts it.
 *
 * @param {Application} app
 * @param {number} count
 * @returns {Promise<import('../harness/compare.mjs').Variant>}
 */
async function graphile(app, count) {
  const worker = {
    connectionString: app.database.options.url,
    logger: new Logger(() => () => undefined),
    noHandleSignals: true,
  };
  const utils = await makeWorkerUtils(worker);
  await utils.migrate();
  await utils.release();
  let handled = 0;
  return {
    prepare: async () => {
      await app.query('TRUNCATE TABLE graphile_worker._private_jobs');
      await app.query(
        `SELECT COUNT(*) FROM graphile_worker.add_jobs(ARRAY(
           SELECT json_populate_record(NULL::graphile_worker.job_spec, json_build_object('identifier', 'nothing', 'payload', $1::json))
           FROM generate_series(1, $2::int)))`,
        [BODY, count],
      );
      await app.query('VACUUM ANALYZE graphile_worker._private_jobs');
    },
    run: async () => {
      handled = 0;
      let startedAt = 0;
      /** @type {(value?: unknown) => void} */
      let done;
      const all = new Promise((resolve) => (done = resolve));
      const nothing = () => {
        if (++handled === 1) startedAt = performance.now();
        if (handled === count) done();
      };
      const runner = await runWorker({ ...worker, taskList: { nothing }, preset: { worker: PEER_SETTING } });
      await within(60_000, `${count} jobs of ${PEER}`, all);
      await runner.stop();
      return { count, ms: performance.now() - startedAt };
    },
    check: async () => {
      const [{ left }] = await app.query('SELECT COUNT(*) AS left FROM graphile_worker._private_jobs');
      expectEqual(`jobs left by ${PEER}`, left, 0);
      expectEqual(`jobs handled by ${PEER}`, handled, count);
    },
  };
}
