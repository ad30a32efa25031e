import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { eventuallyPasses } from '../../support/eventually.js';
import { ShopProgram } from '../../support/shop-program.js';
import { describeShopWithFailingBroker } from './support/describe-shop-with-failing-broker.js';

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeShopWithFailingBroker('the shop without its broker', (db, broker) => {
  it('takes orders, is degraded, and catches up when the broker is back', async () => {
    const shop = await ShopProgram.start(db, broker.env);
    await broker.kill();

    const orders = await Promise.all([1, 2, 3].map((quantity) => shop.place('tea', quantity)));
    await eventuallyPasses(
      async () =>
        expect(await shop.get('/health')).toEqual({
          status: 200,
          body: { status: 'degraded', reasons: expect.arrayContaining([expect.stringContaining('broker')]) },
        }),
      { what: 'a degraded health' },
    );
    expect(await shop.pay(orders[0]!.id)).toMatchObject({ status: 200, body: { status: 'paid' } });
    expect(await shop.order(orders[1]!.id)).toMatchObject({ status: 'placed' });

    await broker.startAgain();
    await eventuallyPasses(
      async () => expect(await shop.get('/health')).toEqual({ status: 200, body: { status: 'up' } }),
      {
        what: 'health after the broker came back',
        timeoutMs: 60_000,
      },
    );
    await Promise.all(orders.map(({ id }) => shop.untilNotified(id)));
    expect(await shop.stock('tea')).toEqual({ sku: 'tea', onHand: 999_994, reserved: 6 });
  });
});
