/** Checks what the demo promises, prints the summary, and answers whether all of it holds. */
export async function verify({ shop, view, placed, emulator }) {
  const orders = await view.progress();
  const mine = orders.filter(({ id }) => placed.some((order) => order.id === id));
  const seenByCustomers = await Promise.all(placed.map(({ id }) => shop.get(`/orders/${id}`)));
  const notifications = await Promise.all(placed.map(({ id }) => shop.get(`/notifications/${id}`)));
  const unsent = await view.unsent();

  const rows = [
    check('orders placed', `${placed.length}`, mine.length === placed.length),
    check('messages left to send', `${unsent}`, unsent === 0),
    ...(emulator ? [duplicates(emulator, placed.length)] : []),
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

function check(name, text, holds) {
  return { name, text, holds };
}

function count(list, condition) {
  return `${list.filter(condition).length} of ${list.length}`;
}

/** What the broker got more often than once, because nobody could know that it had it already. */
function duplicates(emulator, orders) {
  const { stored, groups } = shopOrders(emulator);
  const { acked, dead } = groups.GID_shop_stock;
  // One message when it is placed, one when it is reserved.
  const twice = stored - 2 * orders;
  const text = `${stored} messages, ${twice} of them a second time; all delivered, none in vain`;
  return check('the broker got', text, twice >= 0 && dead === 0 && acked === orders + twice);
}

/** Whether each copy has been delivered and acknowledged. */
export function settled(emulator) {
  const { groups } = shopOrders(emulator);
  return Object.values(groups).every(({ ready, inFlight }) => ready === 0 && inFlight === 0);
}

function shopOrders(emulator) {
  return emulator.state().instances[''].topics.shop_orders;
}
