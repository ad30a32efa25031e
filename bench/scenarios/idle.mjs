import { setTimeout as delay } from 'node:timers/promises';
import { MqConsumer } from 'nestjs-reliable-mq';
import { limitRow } from '../harness/rows.mjs';
import { Application } from '../support/application.mjs';
import { Broker } from '../support/broker.mjs';
import { TOPIC } from '../support/messages.mjs';
import { StatementLog } from '../support/statement-log.mjs';

const AIM = 0.3;
/** A relay that finds nothing slows down step by step, and has its last pace after this. */
const RUN_DOWN_MS = 10_000;

export const title = 'Statements of an application with nothing to do';

/**
 * Relay, consumer, publisher and heartbeat in one process with default settings. Counted where they leave, by the logger of TypeORM.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, children, quick }) {
  const seconds = quick ? 20 : 60;
  const broker = await Broker.start(children);
  /** @type {{ app: Application, log: StatementLog, server: import('../support/databases.mjs').Server }[]} */
  const idle = [];
  for (const server of databases.servers) {
    const log = new StatementLog();
    const app = await bootIdle(await databases.create(server), broker, log);
    idle.push({ app, log, server });
  }
  await delay(RUN_DOWN_MS);
  const before = idle.map(({ log }) => log.count);
  await delay(seconds * 1_000);
  const after = idle.map(({ log }) => log.count);
  for (const [i, { app, server }] of idle.entries()) {
    await app.close();
    await databases.drop(app.database);
    yield limitRow({
      what: `statements, over ${seconds} s`,
      database: server.label,
      unit: '/s',
      values: [(after[i] - before[i]) / seconds],
      atMost: AIM,
    });
  }
  await broker.stop();
}

/**
 * @param {import('../support/databases.mjs').Database} database
 * @param {Broker} broker
 * @param {StatementLog} logger
 */
function bootIdle(database, broker, logger) {
  class HandleOrder {
    handle() {
      throw new Error('there is nothing to handle');
    }
  }
  MqConsumer(TOPIC, 'bench')(HandleOrder);
  return Application.boot({
    database,
    providers: [HandleOrder],
    logger,
    mq: { transport: broker.transport(), groups: { bench: { groupId: 'GID_bench' } }, role: 'all' },
  });
}
