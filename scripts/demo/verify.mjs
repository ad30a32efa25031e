/** @typedef {import('./brokers.mjs').DemoBroker} DemoBroker */
/**
 * Checks what the demo promises, prints the summary, and answers whether all of it holds.
 *
 * @param {{ shop: import('./shop.mjs').Shop, view: import('./orders-view.mjs').OrdersView, placed: { id: string }[], broker: DemoBroker }} options
 */
export async function verify({ shop, view, placed, broker }) {
  const orders = await view.progress();
  const mine = orders.filter(({ id }) => placed.some((order) => order.id === id));
  const seenByCustomers = /** @type {{ status: string }[]} */ (
    await Promise.all(placed.map(({ id }) => shop.get(`/orders/${id}`)))
  );
  const notifications = /** @type {unknown[][]} */ (
    await Promise.all(placed.map(({ id }) => shop.get(`/notifications/${id}`)))
  );
  const unsent = await view.unsent();

  const rows = [
    check('orders placed', `${placed.length}`, mine.length === placed.length),
    check('messages left to send', `${unsent}`, unsent === 0),
    ...(broker.books ? [duplicates(await broker.books(), placed.length, broker.gate?.taken.size ?? 0)] : []),
    check(
      'orders handled once',
      count(mine, ({ handled }) => handled === 1),
      mine.every(({ handled }) => handled === 1),
    ),
    check(
      'orders reserved',
      count(seenByCustomers, ({ status }) => status === 'reserved'),
      seenByCustomers.every(({ status }) => status === 'reserved'),
    ),
    check(
      'customers told once',
      count(notifications, ({ length }) => length === 1),
      notifications.every(({ length }) => length === 1),
    ),
  ];
  for (const { sku, on_hand: onHand, reserved, owed } of await view.stock()) {
    const text = `${onHand} on hand + ${reserved} reserved = ${onHand + reserved}; orders owe ${owed}`;
    rows.push(check(`stock of ${sku}`, text, onHand + reserved === 1_000_000 && reserved === owed));
  }

  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, text, holds } of rows) console.log(`  ${holds ? 'ok  ' : 'FAIL'}  ${name.padEnd(width)}  ${text}`);
  return rows.every(({ holds }) => holds);
}

/**
 * @param {string} name
 * @param {string} text
 * @param {boolean} holds
 */
function check(name, text, holds) {
  return { name, text, holds };
}

/**
 * @template Item
 * @param {Item[]} list
 * @param {(item: Item) => boolean} condition
 */
function count(list, condition) {
  return `${list.filter(condition).length} of ${list.length}`;
}

/**
 * What the broker got more often than once: at least what it had taken when nobody could know. Each copy was delivered and
 * acknowledged by now, so that a handler which does not recognise one would have shown it.
 *
 * @param {{ stored: number, left: number, dead: number }} options
 * @param {number} orders
 * @param {number} taken
 */
function duplicates({ stored, left, dead }, orders, taken) {
  // One message when an order is placed, one when it is reserved.
  const twice = stored - 2 * orders;
  const text = `${stored} messages, ${twice} of them a second time; all but ${left} acknowledged, ${dead} given up`;
  return check('the broker got', text, twice >= taken && left === 0 && dead === 0);
}

/**
 * Whether each copy has been delivered and acknowledged.
 *
 * @param {DemoBroker} broker
 */
export async function settled(broker) {
  return !broker.books || (await broker.books()).left === 0;
}
