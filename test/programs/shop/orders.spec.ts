import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import type { TestDatabase } from '../../support/database.js';
import { eventuallyPasses } from '../../support/eventually.js';
import { type OrderView, ShopProgram } from '../../support/shop-program.js';
import { describeShop } from './support/describe-shop.js';

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeShop('orders of the shop', (db, broker) => {
  let shop: ShopProgram;

  beforeAll(async () => {
    shop = await ShopProgram.start(db, broker.env);
  });

  afterEach(() => expectBooksToBalance(db));

  it('reserves the goods of an order, and tells the customer once', async () => {
    const { id } = await shop.place('tea', 5);
    await shop.untilNotified(id);
    expect(await shop.order(id)).toMatchObject({ status: 'reserved' });
    expect(await shop.stock('tea')).toEqual({ sku: 'tea', onHand: 999_995, reserved: 5 });
  });

  it('lets first orders of a new sku arrive at once', async () => {
    const skus = Array.from({ length: 6 }, (_, index) => `first-${index}`);
    const orders = await Promise.all(skus.flatMap((sku) => [sku, sku, sku, sku].map((one) => shop.place(one))));
    await Promise.all(orders.map(({ id }) => shop.untilNotified(id)));
    for (const sku of skus) expect(await shop.stock(sku)).toEqual({ sku, onHand: 999_996, reserved: 4 });
  });

  it('takes the goods of a paid order once, however pay and the stock handler meet', async () => {
    const orders = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const order = await shop.place('raced', (index % 3) + 1);
        const payments = await Promise.all([shop.pay(order.id), shop.pay(order.id)]);
        expect(payments).toEqual([1, 2].map(() => ({ status: 200, body: { ...order, status: 'paid' } })));
        return order;
      }),
    );
    await Promise.all(orders.map(({ id }) => shop.untilNotified(id)));
    const reserved = orders.reduce((sum, { quantity }) => sum + quantity, 0);
    expect(await shop.stock('raced')).toEqual({ sku: 'raced', onHand: 1_000_000 - reserved, reserved });
    for (const { id } of orders) expect(await shop.order(id)).toMatchObject({ status: 'paid' });
  });

  it('cancels an order that there are not enough goods for, and keeps the rest for others', async () => {
    const large = await shop.place('scarce', 999_999);
    await shop.untilOrder(large.id, 'reserved');
    const tooMuch = await shop.place('scarce', 2);
    await shop.untilOrder(tooMuch.id, 'cancelled');
    expect(await shop.pay(tooMuch.id)).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('cancelled') },
    });
    const last = await shop.place('scarce', 1);
    await shop.untilNotified(last.id);
    expect(await shop.stock('scarce')).toEqual({ sku: 'scarce', onHand: 0, reserved: 1_000_000 });
    expect(await shop.notifications(tooMuch.id)).toEqual([]);
  });
});

describeShop('orders of the shop that are not paid in time', (db, broker) => {
  let shop: ShopProgram;

  beforeAll(async () => {
    shop = await ShopProgram.start(db, { ...broker.env, SHOP_PAYMENT_DUE: '1s' });
  });

  afterEach(() => expectBooksToBalance(db));

  it('are cancelled, and give their goods back; paid ones stay', async () => {
    const [unpaid, paid] = await Promise.all([shop.place('late', 3), shop.place('late', 4)]);
    await shop.pay(paid.id);
    await shop.untilNotified(unpaid.id);
    await shop.untilOrder(unpaid.id, 'cancelled');
    expect(await shop.pay(unpaid.id)).toMatchObject({ status: 409 });
    await untilHandled(db, broker.groupId('GID_shop_cancel'), 2);
    expect(await shop.order(paid.id)).toMatchObject({ status: 'paid' });
    expect(await shop.stock('late')).toEqual({ sku: 'late', onHand: 999_996, reserved: 4 });
    expect(await shop.notifications(unpaid.id)).toHaveLength(1);
  });

  it('are either paid or cancelled when both come at once', async () => {
    const orders = await Promise.all(Array.from({ length: 12 }, () => shop.place('close', 1)));
    const outcomes = await Promise.all(
      orders.map(async ({ id }, index) => {
        await new Promise((resolve) => setTimeout(resolve, 850 + index * 30));
        return (await shop.pay(id)).status;
      }),
    );
    await untilHandled(db, broker.groupId('GID_shop_cancel'), 14);
    const statuses = await Promise.all(orders.map(async ({ id }) => (await shop.order(id)).status));
    expect(statuses).toEqual(outcomes.map((code): OrderView['status'] => (code === 200 ? 'paid' : 'cancelled')));
    const reserved = outcomes.filter((code) => code === 200).length;
    expect(await shop.stock('close')).toEqual({ sku: 'close', onHand: 1_000_000 - reserved, reserved });
  });
});

/** Each delivery that a group has handled has a row in the inbox. */
async function untilHandled(db: TestDatabase, groupId: string, count: number): Promise<void> {
  await eventuallyPasses(
    async () => expect(await db.query(`SELECT 1 FROM mq_inbox WHERE group_id = '${groupId}'`)).toHaveLength(count),
    { what: `${count} messages handled by ${groupId}` },
  );
}

/** What must hold of every sku and every order, whatever happened. */
async function expectBooksToBalance(db: TestDatabase): Promise<void> {
  const wrong = await db.query(`
    SELECT sku, on_hand, reserved FROM stock s
     WHERE on_hand + reserved <> 1000000
        OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM orders o
                         WHERE o.sku = s.sku AND o.status IN ('reserved', 'paid'))`);
  expect(wrong).toEqual([]);
  const toldTwice = await db.query('SELECT order_id FROM notifications GROUP BY order_id HAVING count(*) > 1');
  expect(toldTwice).toEqual([]);
}
