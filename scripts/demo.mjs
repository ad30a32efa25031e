// npm run demo [-- --keep] [-- --broker URL]
//
// A shop on a database and a broker of its own, an order on its way through it, and what becomes of orders when the
// process that sends their messages is killed in the middle of it. Needs nothing but what npm installs.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildIfStale } from './build-if-stale.mjs';
import { Children } from './demo/children.mjs';
import { Gate } from './demo/gate.mjs';
import { OrdersView } from './demo/orders-view.mjs';
import { Shop } from './demo/shop.mjs';
import { Timeline } from './demo/timeline.mjs';
import { settled, verify } from './demo/verify.mjs';

const HELP = `npm run demo -- [options]

  --keep         stay up afterwards, to try things by hand, until Ctrl-C
  --broker URL   a running server of the MQ HTTP wire format, instead of the emulator; signed with
                 MQ_ACCESS_KEY_ID and MQ_ACCESS_KEY_SECRET (test, test), in the instance MQ_INSTANCE_ID
`;
const BURST = 10;
/** How soon another process may send what the killed one was sending. The default, 30 s, is too long to look on. */
const LEASE = '5s';
const POSTGRES = fileURLToPath(new URL('./demo/postgres-server.mjs', import.meta.url));

const options = readOptions();
const timeline = new Timeline();
const children = new Children();
/** What {@link end} ends besides the processes. */
let view;
let emulator;
/** Set while the demo stays up: lets it go on to its end. */
let stayUp;
let ending;

function readOptions() {
  const known = { keep: { type: 'boolean' }, broker: { type: 'string' }, help: { type: 'boolean', short: 'h' } };
  try {
    return parseArgs({ options: known }).values;
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
}

async function demo() {
  const { env, gate } = await prepare();
  timeline.heading('1. Everything starts at once, on an empty database');
  let app;
  [app] = await Promise.all([start('api,relay', env), start('worker', env)]);
  view = await OrdersView.connect(env.DATABASE_URL);

  timeline.heading('2. Orders pass through');
  const placed = [];
  for (const [sku, quantity] of [['tea', 2], ['cups', 6], ['tea', 1]]) placed.push(await place(app, sku, quantity)); // prettier-ignore
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
    async (orders) => done(placed)(orders) && (await view.unsent()) === 0 && (!emulator || settled(emulator)),
    40_000,
    'all orders were handled',
  );

  timeline.heading('5. What is there now');
  const holds = await verify({ shop: app, view, placed, emulator });
  console.log(holds ? '\nEach order was handled once.' : '\nThis is not what was promised.');
  if (options.keep) await keep(app, env);
  return holds;
}

async function prepare() {
  await buildIfStale((line) => timeline.line('build', '', line));
  timeline.heading('0. A database and a broker of their own');
  const { match } = await children.start('PostgreSQL', POSTGRES, { ready: /^postgres:\/\/\S+$/, endsWithUs: true });
  timeline.line('database', 'ready', `PostgreSQL at ${new URL(match[0]).host}`);
  const broker = options.broker ? { endpoint: options.broker } : await startBroker();
  timeline.line('broker', 'ready', `${options.broker ? 'yours' : 'the emulator'} at ${broker.endpoint}`);
  const env = {
    DATABASE_URL: match[0],
    MQ_TRANSPORT: 'aliyun-http',
    MQ_ENDPOINT: broker.endpoint,
    MQ_ACCESS_KEY_ID: (options.broker && process.env.MQ_ACCESS_KEY_ID) || 'test',
    MQ_ACCESS_KEY_SECRET: (options.broker && process.env.MQ_ACCESS_KEY_SECRET) || 'test',
    MQ_INSTANCE_ID: (options.broker && process.env.MQ_INSTANCE_ID) || '',
    MQ_REPRODUCE_LEASE: LEASE,
    SHOP_PAYMENT_DUE: '15m',
  };
  return { env, gate: broker.gate };
}

/** In this process, so that the demo can look at each request and choose the worst moment for the kill. */
async function startBroker() {
  const { startEmulator } = await import('nestjs-reliable-mq-emulator');
  const gate = new Gate();
  emulator = await startEmulator({ port: 0, onStep: gate.observe });
  return { endpoint: emulator.endpoint, gate };
}

async function start(role, env) {
  const shop = await Shop.start(children, role, env);
  timeline.line('shop', 'ready', `${role}, pid ${shop.pid}, ${shop.url}`);
  return shop;
}

async function place(shop, sku, quantity) {
  const order = await shop.place({ sku, quantity });
  timeline.committed(order);
  return order;
}

/** Whether each of these orders was sent, handled, and its customer told. */
function done(placed) {
  return (orders) => {
    const complete = orders.filter(({ sent, handled, notified }) => sent && handled > 0 && notified > 0);
    const ids = new Set(complete.map(({ id }) => id));
    return placed.every(({ id }) => ids.has(id));
  };
}

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
    await view?.close();
    await children.stop();
    await emulator?.close();
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
