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
    const [transaction, inserting] = [['transaction alone', alone], ['with raw INSERT', raw]]; // prettier-ignore
    const publishing = ['with publish()', published];
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

async function boot(databases, server, transport, logger) {
  const database = await databases.create(server);
  const app = await Application.boot({ database, mq: { transport }, poolSize: POOL, logger });
  return { app, tables: await ShopTables.create(app, CLIENTS) };
}

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

/** From the first BEGIN until every message is marked as sent, all in one process. */
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

function placeOrders(app, tables, count, publish) {
  return spreadOver(CLIENTS, count, async (n, client) => {
    const order = orderOf(`o-${n}`);
    await app.dataSource.transaction(async (manager) => {
      await tables.placeOrder(manager, order.id, client, JSON.stringify(order));
      await publish(manager, order);
    });
  });
}

function publisherOf({ app }) {
  const producer = app.get(MqProducerService);
  return (manager, order) => producer.publish(TOPIC, { tag: TAG, payload: order }, { manager });
}

/** What publish() sends to the database, to be sent again with another id and payload. */
async function captureInsert({ app }, log) {
  const order = orderOf('o-captured');
  let publication;
  const statements = await log.capture(() =>
    app.dataSource.transaction(async (manager) => {
      publication = await publisherOf({ app })(manager, order);
    }),
  );
  const insert = statements.find(({ text }) => text.startsWith('INSERT INTO'));
  const [{ id }] = publication.messages;
  return (manager, other) => {
    const values = new Map([[id, randomUUID()], [JSON.stringify(order), JSON.stringify(other)]]); // prettier-ignore
    return manager.query(insert.text, substitute(insert.parameters, values));
  };
}

async function blockSender({ app }) {
  const messages = Array.from({ length: STUCK }, (_, n) => ({ tag: TAG, payload: orderOf(`o-${n}`) }));
  for (let start = 0; start < STUCK; start += 100) {
    await app.dataSource.transaction((manager) =>
      app.get(MqProducerService).publish(TOPIC, messages.slice(start, start + 100), { manager }),
    );
  }
}
