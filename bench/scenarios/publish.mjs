import { randomUUID } from 'node:crypto';
import { MqProducerService } from 'nestjs-reliable-mq';
import { compare } from '../harness/compare.mjs';
import { expectEqual } from '../harness/expect-equal.mjs';
import { ratioRow } from '../harness/rows.mjs';
import { Application } from '../support/application.mjs';
import { Broker } from '../support/broker.mjs';
import { orderOf, spreadOver, TAG, TOPIC } from '../support/messages.mjs';
import { SilentBroker } from '../support/nothing-broker.mjs';
import { empty, expectSent } from '../support/outbox-rows.mjs';
import { ShopTables } from '../support/shop-tables.mjs';
import { StatementLog, substitute } from '../support/statement-log.mjs';

/** @typedef {import('typeorm').EntityManager} EntityManager */
/** @typedef {ReturnType<typeof orderOf>} Order */
/** @typedef {Awaited<ReturnType<typeof boot>>} Shop */
/** @typedef {(manager: EntityManager, order: Order) => unknown} Publish */

const AIMS = { paused: 0.97, sending: 0.45 };
const CLIENTS = 8;
/** Two connections beyond those of the clients: what the sender needs to read back and to mark. */
const POOL = CLIENTS + 2;
/** More rows than the sender has in hand at once: with these unanswered it takes no further one. */
const STUCK = 1_200;

export const title = 'A transaction that publishes, beside the same with a raw INSERT and without any message';

/**
 * The raw INSERT is the very statement that publish() issues, through the same `manager.query()`; so what is left is what
 * publish() itself costs. The sender is paused by a broker that never answers: the first rows are all it can hold, and
 * what commits later waits in memory, unread and unsent.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, children, quick, ...options }) {
  const count = quick ? 300 : 1_000;
  for (const server of databases.servers) {
    const broker = await Broker.start(children);
    const log = new StatementLog();
    const paused = await boot(databases, server, new SilentBroker(), log);
    const sending = await boot(databases, server, broker.transport(), new StatementLog());
    const insert = await captureInsert(paused, log);
    await blockSender(paused);
    const { alone, raw, published, sent } = await compare(
      {
        alone: variant(paused, count, 0, () => undefined),
        raw: variant(paused, count, 1, (manager, order) => insert(manager, order)),
        published: variant(paused, count, 1, publisherOf(paused)),
        sent: sendingVariant(sending, broker, count),
      },
      options,
    );
    for (const { app } of [paused, sending]) {
      await app.close();
      await databases.drop(app.database);
    }
    await broker.stop();
    const database = server.label;
    /** @type {[name: string, samples: import('../harness/compare.mjs').Sample[]][]} */
    const named = [
      ['transaction alone', alone],
      ['with raw INSERT', raw],
      ['with publish()', published],
    ];
    const [transaction, inserting, publishing] = named;
    yield ratioRow({ what: 'sender paused', database, base: inserting, subject: publishing, atLeast: AIMS.paused });
    yield ratioRow({ what: 'sender paused', database, base: transaction, subject: publishing });
    yield ratioRow({ what: 'a message by hand', database, base: transaction, subject: inserting });
    yield ratioRow({
      what: 'until all is sent',
      database,
      base: transaction,
      subject: ['publish() and send', sent],
      atLeast: AIMS.sending,
    });
  }
}

/**
 * @param {import('../support/databases.mjs').Databases} databases
 * @param {import('../support/databases.mjs').Server} server
 * @param {import('nestjs-reliable-mq').MqTransport} transport
 * @param {StatementLog} logger
 */
async function boot(databases, server, transport, logger) {
  const database = await databases.create(server);
  const app = await Application.boot({ database, mq: { transport }, poolSize: POOL, logger });
  return { app, tables: await ShopTables.create(app, CLIENTS) };
}

/**
 * @param {Shop} options
 * @param {number} count
 * @param {number} messages
 * @param {Publish} publish
 * @returns {import('../harness/compare.mjs').Variant}
 */
function variant({ app, tables }, count, messages, publish) {
  return {
    prepare: () => Promise.all([empty(app), tables.empty()]),
    run: async () => {
      await placeOrders(app, tables, count, publish);
      return { count };
    },
    check: async () => {
      await tables.expectOrders(count);
      const [row] = await app.query('SELECT COUNT(*) AS published FROM mq_status_log');
      expectEqual('rows in the outbox', row.published, count * messages);
    },
  };
}

/**
 * From the first BEGIN until every message is marked as sent, all in one process.
 *
 * @param {Shop} options
 * @param {Broker} broker
 * @param {number} count
 * @returns {import('../harness/compare.mjs').Variant}
 */
function sendingVariant({ app, tables }, broker, count) {
  return {
    prepare: () => Promise.all([empty(app), tables.empty(), broker.mark()]),
    run: async () => {
      await app.until('message.sent', count, () => placeOrders(app, tables, count, publisherOf({ app })));
      return { count };
    },
    check: async () => {
      await tables.expectOrders(count);
      await expectSent(app, count);
      await broker.expectPublished(count);
    },
  };
}

/**
 * @param {Application} app
 * @param {ShopTables} tables
 * @param {number} count
 * @param {Publish} publish
 */
function placeOrders(app, tables, count, publish) {
  return spreadOver(CLIENTS, count, async (n, client) => {
    const order = orderOf(`o-${n}`);
    await app.dataSource.transaction(async (manager) => {
      await tables.placeOrder(manager, order.id, client, JSON.stringify(order));
      await publish(manager, order);
    });
  });
}

/**
 * @param {{ app: Application }} options
 * @returns {(manager: EntityManager, order: Order) => Promise<import('nestjs-reliable-mq').Publication>}
 */
function publisherOf({ app }) {
  const producer = app.get(MqProducerService);
  return (manager, order) => producer.publish(TOPIC, { tag: TAG, payload: order }, { manager });
}

/**
 * What publish() sends to the database, to be sent again with another id and payload.
 *
 * @param {Shop} options
 * @param {StatementLog} log
 * @returns {Promise<Publish>}
 */
async function captureInsert({ app }, log) {
  const order = orderOf('o-captured');
  /** @type {import('nestjs-reliable-mq').Publication | undefined} */
  let publication;
  const statements = await log.capture(() =>
    app.dataSource.transaction(async (manager) => {
      publication = await publisherOf({ app })(manager, order);
    }),
  );
  const insert = statements.find(({ text }) => text.startsWith('INSERT INTO'));
  if (!insert || !publication) throw new Error('publish() was not seen to insert anything');
  const [{ id }] = publication.messages;
  return (manager, other) => {
    const values = new Map([[id, randomUUID()], [JSON.stringify(order), JSON.stringify(other)]]); // prettier-ignore
    return manager.query(insert.text, substitute(insert.parameters, values));
  };
}

/** @param {Shop} options */
async function blockSender({ app }) {
  const messages = Array.from({ length: STUCK }, (_, n) => ({ tag: TAG, payload: orderOf(`o-${n}`) }));
  for (let start = 0; start < STUCK; start += 100) {
    await app.dataSource.transaction((manager) =>
      app.get(MqProducerService).publish(TOPIC, messages.slice(start, start + 100), { manager }),
    );
  }
}
