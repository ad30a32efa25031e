import { compare } from '../harness/compare.mjs';
import { expectEqual } from '../harness/expect-equal.mjs';
import { ratioRow } from '../harness/rows.mjs';
import { Application } from '../support/application.mjs';
import { NothingBroker } from '../support/nothing-broker.mjs';
import { empty, expectSent, loadDue, loadFinished } from '../support/outbox-rows.mjs';

const AIM = 0.7;
const BATCH = 100;

export const title = 'Claims in a table with finished rows, beside an empty table';

/**
 * Claim, send into nothing and mark, a batch at a time: what is finished must not slow down what is not.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, quick, ...options }) {
  const finished = quick ? 50_000 : 1_000_000;
  const count = quick ? 1_000 : 4_000;
  for (const server of databases.servers) {
    const fresh = await boot(databases, server);
    const old = await boot(databases, server);
    await loadFinished(old, finished);
    let besides = finished;
    const samples = await compare(
      {
        fresh: {
          prepare: () => prepare(fresh, count),
          run: () => claimAll(fresh, count),
          check: () => expectSent(fresh, count),
        },
        old: {
          prepare: () => loadDue(old, count),
          run: () => claimAll(old, count),
          check: async () => {
            await expectSent(old, count, { besides });
            besides += count;
          },
        },
      },
      options,
    );
    for (const app of [fresh, old]) {
      await app.close();
      await databases.drop(app.database);
    }
    yield ratioRow({
      what: `${finished / 1_000}k finished rows, batch ${BATCH}`,
      database: server.label,
      base: ['empty table', samples.fresh],
      subject: ['old table', samples.old],
      atLeast: AIM,
    });
  }
}

/**
 * @param {import('../support/databases.mjs').Databases} databases
 * @param {import('../support/databases.mjs').Server} server
 */
async function boot(databases, server) {
  const database = await databases.create(server);
  return Application.boot({ database, mq: { transport: new NothingBroker(), reproduce: { batch: BATCH } } });
}

/**
 * @param {Application} app
 * @param {number} count
 */
async function prepare(app, count) {
  await empty(app);
  await loadDue(app, count);
}

/**
 * @param {Application} app
 * @param {number} count
 */
async function claimAll(app, count) {
  let sent = 0;
  for (let round = 0; round < count / BATCH; round++) sent += (await app.reproduce.runOnce()).sent;
  expectEqual('rows sent', sent, count);
  return { count };
}
