import { claimingTests } from './outbox-claiming.js';
import { finishingTests } from './outbox-finishing.js';
import { keyOrderTests } from './outbox-key-order.js';
import { pruningTests } from './outbox-pruning.js';
import { stagingTests } from './outbox-staging.js';
import { OutboxStoreBench, type OutboxStoreHarness } from './outbox-store-harness.js';
import type { TestHooks } from './transport-conformance.js';

/**
 * Tests of everything that the publisher and the relay rely on in an `OutboxStore`. A store that passes them loses no
 * message, lets nobody write who lost a lease, and keeps the order of keys.
 *
 * @param create makes a store with empty tables
 * @param hooks of the test runner. Default: the globals `describe` and `it`
 */
export function outboxStoreConformance<Tx>(
  name: string,
  create: () => Promise<OutboxStoreHarness<Tx>>,
  hooks: TestHooks = globalThis as unknown as TestHooks,
): void {
  const test = (title: string, run: (bench: OutboxStoreBench<unknown>) => Promise<void>): void =>
    hooks.it(title, async () => {
      const harness = await create();
      try {
        await run(new OutboxStoreBench(harness) as unknown as OutboxStoreBench<unknown>);
      } finally {
        await harness.close?.();
      }
    });
  hooks.describe(`${name}: outbox store conformance`, () => {
    hooks.describe('staging', () => stagingTests(test));
    hooks.describe('claiming', () => claimingTests(test));
    hooks.describe('finishing', () => finishingTests(test));
    hooks.describe('order of keys', () => keyOrderTests(test));
    hooks.describe('pruning', () => pruningTests(test));
  });
}
