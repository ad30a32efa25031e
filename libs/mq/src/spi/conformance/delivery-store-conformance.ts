import { DeliveryStoreBench, type DeliveryStoreHarness } from './delivery-store-harness.js';
import { enteringTests } from './delivery-entering.js';
import { outcomeTests } from './delivery-outcomes.js';
import type { TestHooks } from './transport-conformance.js';

/**
 * Tests of everything that the consumer relies on in a `DeliveryStore`. A store that passes them makes the effects of
 * handlers happen once for each message and group.
 *
 * @param create makes a store with tables of its own, or at least ids that nobody else uses
 * @param hooks of the test runner. Default: the globals `describe` and `it`
 */
export function deliveryStoreConformance<Handle>(
  name: string,
  create: () => Promise<DeliveryStoreHarness<Handle>>,
  hooks: TestHooks = globalThis as unknown as TestHooks,
): void {
  const test = (title: string, run: (bench: DeliveryStoreBench<unknown>) => Promise<void>): void =>
    hooks.it(title, async () => {
      const harness = await create();
      try {
        await run(new DeliveryStoreBench(harness) as unknown as DeliveryStoreBench<unknown>);
      } finally {
        await harness.close?.();
      }
    });
  hooks.describe(`${name}: delivery store conformance`, () => {
    hooks.describe('entering', () => enteringTests(test));
    hooks.describe('outcomes', () => outcomeTests(test));
  });
}
