// npm run demo [-- --keep] [-- --broker BROKER]
//
// A shop on a database and a broker of its own, an order on its way through it, and what becomes of orders when the
// process that sends their messages is killed in the middle of it. Needs nothing but what npm installs.
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build-if-stale.mjs';
import { readBrokerChoice } from './demo/broker-choice.mjs';
import { openBroker } from './demo/brokers.mjs';
import { Children } from './demo/children.mjs';
import { OrdersView } from './demo/orders-view.mjs';
import { Shop } from './demo/shop.mjs';
import { Timeline } from './demo/timeline.mjs';
import { settled, verify } from './demo/verify.mjs';
import { readOptions } from './support/read-options.mjs';

/** @typedef {{ id: string, sku: string, quantity: number }} PlacedOrder */
/** @typedef {import('./demo/orders-view.mjs').Progress} Progress */

const HELP = `npm run demo -- [options]

  --keep             stay up afterwards, to try things by hand, until Ctrl-C
  --broker BROKER    instead of the emulator in this repository:

    rocketmq            Apache RocketMQ 5, started for the demo. Needs a JDK (11 or newer) and Maven, which
                        fetches about 100 MB the first time
    rocketmq:host:port  the proxy of a RocketMQ 5 that runs. It must have the topics shop_orders (NORMAL) and
                        shop_deadlines (DELAY), and the groups GID_shop_stock, GID_shop_notify, GID_shop_cancel
    http://host:port    a running server of the MQ HTTP wire format

                     Those that run are used with MQ_ACCESS_KEY_ID, MQ_ACCESS_KEY_SECRET and MQ_INSTANCE_ID;
                     RocketMQ 5 also with MQ_TLS=true and MQ_PROFILE=aliyun
`;
/** @type {[sku: string, quantity: number][]} */
const FIRST_ORDERS = [
  ['tea', 2],
  ['cups', 6],
  ['tea', 1],
];
const BURST = 10;
/** How soon another process may send what the killed one was sending. The default, 30 s, is too long to look on. */
const LEASE = '6s';
/** A send must have ended before its lease does: a route, a session and the message itself, and half as much again. */
const REQUEST_TIMEOUT = '1s';
const POSTGRES = fileURLToPath(new URL('./demo/postgres-server.mjs', import.meta.url));

const { values: options } = readOptions({
  options: { keep: { type: 'boolean' }, broker: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
const brokerChoice = readBrokerChoice(options.broker);
const timeline = new Timeline();
const children = new Children();
/**
 * What {@link end} ends besides the processes.
 *
 * @type {OrdersView | undefined}
 */
let opened;
/** @type {import('./demo/brokers.mjs').DemoBroker} */
let broker;
/**
 * Set while the demo stays up: lets it go on to its end.
 *
 * @type {((value?: unknown) => void) | undefined}
 */
let stayUp;
/** @type {Promise<void> | undefined} */
let ending;

async function demo() {
  const env = await prepare();
  const { gate } = broker;
  timeline.heading('1. Everything starts at once, on an empty database');
  let [app] = await Promise.all([start('api,relay', env), start('worker', env)]);
  const view = await OrdersView.connect(env.DATABASE_URL);
  opened = view;

  timeline.heading('2. Orders pass through');
  /** @type {PlacedOrder[]} */
  const placed = [];
  for (const [sku, quantity] of FIRST_ORDERS) placed.push(await place(app, sku, quantity));
  await timeline.follow(view, done(placed), 20_000, 'the first orders were handled');

  timeline.heading(`3. ${BURST} orders at once, and the process that sends their messages is killed`);
  gate?.close();
  placed.push(...(await Promise.all(Array.from({ length: BURST }, (_, i) => place(app, 'pots', (i % 3) + 1)))));
  if (gate) await timeline.follow(view, () => gate.waiting === BURST, 10_000, 'all messages were on the wire');
  await app.kill();
  timeline.line('shop', 'killed', `SIGKILL, pid ${app.pid}`);
  if (gate) {
    const { taken, way } = gate;
    timeline.line(
      'broker',
      '',
      `has ${taken.size} of the ${BURST} messages and could tell nobody; ${way.size} never reached it`,
    );
    timeline.sentBefore(taken);
    gate.open();
  }
  /** @param {Progress} options */
  const answered = ({ sent, id }) => sent && placed.slice(-BURST).some((order) => order.id === id);
  const known = (await view.progress()).filter(answered).length;
  timeline.line('database', '', `has ${BURST} orders; of their messages it knows that ${known} are sent`);

  timeline.heading('4. It starts again. Nobody has to do anything');
  const again = start('api,relay', env);
  let restarted = false;
  await Promise.all([
    again.finally(() => (restarted = true)),
    timeline.follow(view, () => restarted, 50_000, 'the shop started again'),
  ]);
  app = await again;
  await timeline.follow(
    view,
    async (orders) => done(placed)(orders) && (await view.unsent()) === 0 && (await settled(broker)),
    40_000,
    'all orders were handled',
  );

  timeline.heading('5. What is there now');
  const holds = await verify({ shop: app, view, placed, broker });
  console.log(holds ? '\nEach order was handled once.' : '\nThis is not what was promised.');
  if (options.keep) await keep(app, env);
  return holds;
}

async function prepare() {
  await buildIfStale((line) => timeline.line('build', '', line));
  timeline.heading('0. A database and a broker of their own');
  const [databaseUrl] = await Promise.all([startDatabase(), startBroker()]);
  return {
    DATABASE_URL: databaseUrl,
    ...broker.env,
    MQ_REPRODUCE_LEASE: LEASE,
    MQ_REQUEST_TIMEOUT: REQUEST_TIMEOUT,
    SHOP_PAYMENT_DUE: '15m',
  };
}

async function startDatabase() {
  const { match } = await children.start('PostgreSQL', POSTGRES, { ready: /^postgres:\/\/\S+$/, endsWithUs: true });
  timeline.line('database', 'ready', `PostgreSQL at ${new URL(match[0]).host}`);
  return match[0];
}

async function startBroker() {
  broker = await openBroker(brokerChoice, { say: (line) => timeline.line('broker', '', line), children });
  timeline.line('broker', 'ready', broker.title);
}

/**
 * @param {string} role
 * @param {Record<string, string>} env
 */
async function start(role, env) {
  const shop = await Shop.start(children, role, env);
  timeline.line('shop', 'ready', `${role}, pid ${shop.pid}, ${shop.url}`);
  return shop;
}

/**
 * @param {Shop} shop
 * @param {string} sku
 * @param {number} quantity
 */
async function place(shop, sku, quantity) {
  const order = await shop.place({ sku, quantity });
  timeline.committed(order);
  return order;
}

/**
 * Whether each of these orders was sent, handled, and its customer told.
 *
 * @param {PlacedOrder[]} placed
 * @returns {(orders: Progress[]) => boolean}
 */
function done(placed) {
  return (orders) => {
    const complete = orders.filter(({ sent, handled, notified }) => sent && handled > 0 && notified > 0);
    const ids = new Set(complete.map(({ id }) => id));
    return placed.every(({ id }) => ids.has(id));
  };
}

/**
 * @param {Shop} shop
 * @param {Record<string, string>} env
 */
async function keep(shop, env) {
  console.log(`
It stays up until Ctrl-C. Try:
  curl -s ${shop.url}/stock/tea
  curl -s -X POST -H 'content-type: application/json' -d '{"sku":"tea","quantity":1}' ${shop.url}/orders
  psql ${env.DATABASE_URL} -c 'SELECT status, topic, tag, msg_key FROM mq_status_log'`);
  await new Promise((resolve) => (stayUp = resolve));
}

/** Ends what was started: first who asks, then who answers. */
function end() {
  ending ??= (async () => {
    await opened?.close();
    await children.stop();
    await broker?.close();
  })();
  return ending;
}

if (options.help) {
  console.log(HELP);
} else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (stayUp) return stayUp();
      void end().then(() => process.exit(130));
    });
  }
  let code = 1;
  try {
    code = (await demo()) ? 0 : 1;
  } catch (error) {
    if (!ending) console.error(`\n${error.message}\n${children.report()}`);
  }
  await end();
  // Node 20 may wait for ever, at the end of its event loop, for sockets whose other end was killed.
  process.exit(code);
}
