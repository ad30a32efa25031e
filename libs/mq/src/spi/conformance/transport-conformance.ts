import { consumingTests } from './consuming.js';
import { deadLetterTests } from './dead-letters.js';
import { inspectionTests } from './inspection.js';
import { optionalTests } from './optional.js';
import { orderingTests } from './ordering.js';
import { sendingTests } from './sending.js';
import { Bench, type TransportHarness } from './transport-harness.js';

/** The part of a test runner that the suite needs; jest, vitest, mocha and `node:test` all have it. */
export interface TestHooks {
  describe(title: string, define: () => void): void;
  it(title: string, run: () => Promise<void>): void;
}

/**
 * Tests of everything that the core relies on in an {@link MqTransport}. A transport that passes them works under the
 * outbox, the inbox and the retries of this library.
 *
 * What a transport cannot do is asked from its capabilities and not tested; what it says it can do, it must.
 *
 * @param create makes a transport, connected or not, with a broker of its own or topics that nobody else uses
 * @param hooks of the test runner. Default: the globals `describe` and `it`
 * @example
 * transportConformance('my broker', async () => ({ transport: myTransport({ url }), leaseMs: 2_000 }));
 */
export function transportConformance(
  name: string,
  create: () => Promise<TransportHarness>,
  hooks: TestHooks = globalThis as unknown as TestHooks,
): void {
  const test = (title: string, run: (bench: Bench) => Promise<void>): void =>
    hooks.it(title, async () => {
      const bench = new Bench(await create());
      try {
        await run(bench);
      } finally {
        await bench.close();
      }
    });
  hooks.describe(`${name}: transport conformance`, () => {
    hooks.describe('sending', () => sendingTests(test));
    hooks.describe('consuming', () => consumingTests(test));
    hooks.describe('order', () => orderingTests(test));
    hooks.describe('what capabilities promise', () => optionalTests(test));
    hooks.describe('dead letters', () => deadLetterTests(test));
    hooks.describe('inspection', () => inspectionTests(test));
  });
}
