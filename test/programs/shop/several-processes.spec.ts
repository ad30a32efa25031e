import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { ShopProgram } from '../../support/shop-program.js';
import { describeShop } from './support/describe-shop.js';

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeShop('several processes of the shop', (db, broker) => {
  it('start at once on an empty database, each with its role, and work together', async () => {
    const roles = ['api', 'worker', 'relay', 'api,relay', 'all'];
    const shops = await Promise.all(roles.map((role) => ShopProgram.start(db, { ...broker.env, MQ_ROLE: role })));
    const [api, worker, relay] = shops;
    // Nest tries again when the database refuses something, so that all of them are up says too little.
    expect(shops.flatMap(({ program }) => program.output.filter((line) => /ERROR|WARN/.test(line)))).toEqual([]);
    const { id } = await api!.place('tea', 2);
    await relay!.untilNotified(id);
    for (const shop of shops) {
      expect(await shop.get('/health')).toEqual({ status: 200, body: { status: 'up' } });
    }
    expect(consumes(worker!)).toBe(true);
    expect(consumes(api!) || consumes(relay!)).toBe(false);
  });
});

/** Whether it says, at its start, that it consumes. */
function consumes(shop: ShopProgram): boolean {
  return shop.program.output.some((line) => line.includes('ReserveStock.handle <- orders [created]'));
}
