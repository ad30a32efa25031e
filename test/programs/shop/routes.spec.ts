import { randomUUID } from 'node:crypto';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { describeOneDatabase } from '../../support/database.js';
import { EmulatorProgram } from '../../support/emulator-program.js';
import { ShopProgram } from '../../support/shop-program.js';

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeOneDatabase('routes of the shop', 'MySQL', (db) => {
  let shop: ShopProgram;

  beforeAll(async () => {
    shop = await ShopProgram.start(db, (await EmulatorProgram.start()).env);
  });

  it('takes an order and shows it', async () => {
    const order = await shop.place('tea', 2);
    await shop.untilOrder(order.id, 'reserved');
    expect(await shop.get(`/orders/${order.id}`)).toEqual({ status: 200, body: { ...order, status: 'reserved' } });
  });

  it.each([
    ['no body', undefined],
    ['no sku', { quantity: 1 }],
    ['an empty sku', { sku: '', quantity: 1 }],
    ['a sku that is no text', { sku: 7, quantity: 1 }],
    ['a sku with blanks around it', { sku: ' tea', quantity: 1 }],
    ['a sku with a control character', { sku: 'te\u0000a', quantity: 1 }],
    ['a sku with half a character', { sku: 'te\ud800a', quantity: 1 }],
    ['a sku that is too long', { sku: 'x'.repeat(65), quantity: 1 }],
    ['no quantity', { sku: 'tea' }],
    ['a quantity of zero', { sku: 'tea', quantity: 0 }],
    ['a negative quantity', { sku: 'tea', quantity: -1 }],
    ['half a quantity', { sku: 'tea', quantity: 1.5 }],
    ['a quantity as text', { sku: 'tea', quantity: '1' }],
    ['a quantity beyond the column', { sku: 'tea', quantity: 2 ** 31 }],
    ['a list', []],
    ['what is no JSON', '{'],
  ])('refuses an order with %s, and says why', async (_what, body) => {
    const { status, body: answer } = await shop.post<{ message: string | string[] }>('/orders', body);
    expect(status).toBe(400);
    expect(String(answer.message)).toMatch(/sku|quantity|JSON/);
  });

  it('tells everything that is wrong with an order at once', async () => {
    const { body } = await shop.post('/orders', { sku: '', quantity: 0 });
    expect(body).toMatchObject({ message: [expect.stringMatching(/^sku/), expect.stringMatching(/^quantity/)] });
  });

  it.each([randomUUID(), 'nobody', '%00', `${randomUUID()} `])('knows no order %j', async (id) => {
    const path = `/orders/${encodeURI(id)}`;
    expect(await shop.get(path)).toMatchObject({ status: 404, body: { message: expect.stringContaining('no order') } });
    expect(await shop.post(`${path}/pay`)).toMatchObject({ status: 404 });
  });

  it('has a million of each sku that nobody stocked', async () => {
    const sku = `new ${randomUUID()}`;
    expect(await shop.get(`/stock/${encodeURIComponent(sku)}`)).toEqual({
      status: 200,
      body: { sku, onHand: 1_000_000, reserved: 0 },
    });
    expect(await shop.get('/stock/%20')).toMatchObject({ status: 400 });
  });

  it.each([
    ['exact', 'EXACT'],
    ['straße 茶 🍵', 'strasse 茶 🍵'],
    ['100%/=&', '100'],
    ['🍵'.repeat(64), '🍵'.repeat(63)],
  ])('keeps the skus %j and %j apart', async (one, other) => {
    const order = await shop.place(one, 3);
    await shop.untilOrder(order.id, 'reserved');
    expect(await shop.stock(one)).toEqual({ sku: one, onHand: 999_997, reserved: 3 });
    expect(await shop.stock(other)).toEqual({ sku: other, onHand: 1_000_000, reserved: 0 });
  });

  it('lists what a customer was told', async () => {
    const { id } = await shop.place('cups', 6);
    await shop.untilNotified(id);
    expect(await shop.notifications(id)).toEqual([
      { id: expect.any(String), orderId: id, text: expect.stringContaining('6 x cups') },
    ]);
    expect(await shop.get(`/notifications/${randomUUID()}`)).toEqual({ status: 200, body: [] });
    expect(await shop.get('/notifications/nobody')).toMatchObject({ status: 400 });
  });

  it('is up', async () => {
    expect(await shop.get('/health')).toEqual({ status: 200, body: { status: 'up' } });
  });
});
