import { lineLogger } from '../../../../libs/mq/src/observability/line-logger.js';
import { logEvents } from '../../../../libs/mq/src/observability/log-subscriber.js';
import { consumerBench, handlerOf, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

/** What is logged as a warning from now on. */
function warnings(): string[] {
  const lines: string[] = [];
  const logger = lineLogger({ log: () => {}, warn: (line) => lines.push(String(line)), error: () => {} });
  logEvents(bench.events, logger, { produced: false, consumed: false, clock: bench.clock, isExplained: () => false });
  return lines;
}

describe('a lease into which no attempt fits', () => {
  it('is told once with the arithmetic, and in health for as long as it is so', async () => {
    given({ leaseMs: 39_000, group: { timeoutMs: 30_000 } });
    const lines = warnings();
    await bench.start();
    await bench.publish('m1');
    await bench.publish('m2');
    expect(bench.handled).toEqual([]);
    const lease = { topic: 'orders', group: 'stock', leaseMs: 39_000, timeoutMs: 30_000, neededMs: 40_000 };
    expect(bench.told('lease.short')).toEqual([lease]);
    const sentence = expect.stringMatching(
      /^orders\/stock: no handler runs.* 39000 ms.* 40000 ms \(timeout 30000 ms \+ 10000 ms.*29000 ms at most/,
    );
    expect(lines).toEqual([sentence]);
    expect(bench.runner.health()).toMatchObject({ down: [], degraded: [sentence] });
  });

  it('has no timeout to advise where the margin alone is longer', async () => {
    given({ leaseMs: 9_000, group: { timeoutMs: 1_000 } });
    await bench.start();
    await bench.publish('m1');
    expect(bench.runner.health().degraded).toEqual([expect.stringContaining('no timeout fits')]);
  });

  it.each([
    ['just long enough', { leaseMs: 40_000, group: { timeoutMs: 30_000 } }],
    ['prolonged while the handler runs', { profile: 'rich', leaseMs: 20_000, group: { timeoutMs: 30_000 } }],
  ] as const)('is none where it is %s', async (_, options) => {
    given(options);
    await bench.start();
    await bench.publish('m1');
    expect(bench.handled).toHaveLength(1);
    expect(bench.told('lease.short')).toEqual([]);
    expect(bench.runner.health().degraded).toEqual([]);
  });
});

describe('a message that is delivered three times without a verdict', () => {
  const LEASE_MS = 300_000;

  it.each([
    ['another transaction holds its inbox row', 'contention', null],
    ['it cannot be parked', 'database', 'paid'],
  ] as const)('is told at the third: %s', async (_, reason, tag) => {
    given({ group: { tags: ['paid', 'sent'] } });
    if (reason === 'contention') bench.deliveries.contend(4);
    else bench.deliveries.fail('park', { times: 4 });
    const lines = warnings();
    await bench.start([handlerOf({ tags: ['sent'] })]);
    await bench.publish('m1', { tag: tag ?? 'sent' });
    await bench.clock.advance(LEASE_MS + 1);
    expect(bench.told('delivery.starved')).toEqual([]);
    expect(bench.runner.health().degraded).toEqual([]);
    await bench.clock.advance(LEASE_MS + 1);
    expect(bench.told('delivery.starved')).toMatchObject([{ messageId: 'm1', group: 'stock', times: 3, reason }]);
    expect(lines.filter((line) => line.includes('#m1 was delivered 3 times'))).toHaveLength(1);
    const sentence = /^orders\/stock: 1 message was.*m1, 3 times/;
    expect(bench.runner.health().degraded).toEqual([expect.stringMatching(sentence)]);
    await bench.clock.advance(LEASE_MS + 1);
    expect(bench.told('delivery.starved')).toHaveLength(1);
    await bench.clock.advance(LEASE_MS + 1);
    expect(bench.pending()).toBe(0);
    expect(bench.runner.health().degraded).toEqual([]);
  });

  it('gets one log line for all that share the reason, and a line in health that counts them', async () => {
    given({ group: { concurrency: 10 } });
    bench.deliveries.contend(30);
    const lines = warnings();
    await bench.start();
    for (let n = 0; n < 10; n++) await bench.publish(`m${n}`);
    for (let n = 0; n < 2; n++) await bench.clock.advance(LEASE_MS + 1);
    expect(bench.told('delivery.starved')).toHaveLength(10);
    expect(lines).toHaveLength(1);
    expect(bench.runner.health().degraded).toEqual([expect.stringContaining('10 messages were')]);
  });

  it('is forgotten by health when it was not seen here for a while: another instance may have had it', async () => {
    given();
    bench.deliveries.contend(3);
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(LEASE_MS + 1);
    await bench.clock.advance(LEASE_MS + 1);
    expect(bench.runner.health().degraded).toHaveLength(1);
    bench.runner.pause('stock');
    await bench.clock.advance(600_001);
    expect(bench.runner.health().degraded).toEqual([]);
  });
});
