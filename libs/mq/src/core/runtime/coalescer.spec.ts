import { Coalescer } from './coalescer.js';
import { type Deferred, deferred } from './deferred.js';
import { systemClock } from './system-clock.js';

describe('Coalescer', () => {
  const setup = (max = 100): { batches: number[][]; gates: Deferred<void>[]; coalescer: Coalescer<number, string> } => {
    const batches: number[][] = [];
    const gates: Deferred<void>[] = [];
    const coalescer = new Coalescer<number, string>(async (items) => {
      batches.push(items);
      const gate = deferred<void>();
      gates.push(gate);
      await gate.promise;
      return items.map((item) => `#${item}`);
    }, max);
    return { batches, gates, coalescer };
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('sends what arrives in one turn together, and what arrives meanwhile in the next batch', async () => {
    const { batches, gates, coalescer } = setup();
    const first = [coalescer.add(1), coalescer.add(2)];
    await turn();
    const second = [coalescer.add(3), coalescer.add(4), coalescer.add(5)];
    await turn();
    expect(batches).toEqual([[1, 2]]);
    gates[0]!.resolve();
    expect(await Promise.all(first)).toEqual(['#1', '#2']);
    await turn();
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    gates[1]!.resolve();
    expect(await Promise.all(second)).toEqual(['#3', '#4', '#5']);
  });

  it('never sends more than its limit at once', async () => {
    const { batches, gates, coalescer } = setup(2);
    const all = [1, 2, 3].map((item) => coalescer.add(item));
    await turn();
    gates[0]!.resolve();
    await turn();
    gates[1]!.resolve();
    await Promise.all(all);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('fails the items of a failed batch, and goes on with the next', async () => {
    const { gates, coalescer } = setup();
    const lost = coalescer.add(1);
    await turn();
    const saved = coalescer.add(2);
    gates[0]!.reject(new Error('gone'));
    await expect(lost).rejects.toThrow('gone');
    await turn();
    gates[1]!.resolve();
    expect(await saved).toBe('#2');
    await coalescer.whenIdle();
  });

  describe('with a linger', () => {
    const LINGER_MS = 3_600_000;
    const lingering = (expectsMore: () => boolean, max = 3) => {
      const batches: number[][] = [];
      const coalescer = new Coalescer<number, void>(
        async (items) => {
          batches.push(items);
          return items.map(() => undefined);
        },
        max,
        { ms: LINGER_MS, clock: systemClock, expectsMore },
      );
      return { batches, coalescer };
    };

    it('waits for others, until its batch is full', async () => {
      const { batches, coalescer } = lingering(() => true);
      void coalescer.add(1);
      await turn();
      void coalescer.add(2);
      await turn();
      expect(batches).toEqual([]);
      await coalescer.add(3);
      expect(batches).toEqual([[1, 2, 3]]);
    });

    it('does not when nobody is about to come, and no longer when somebody says so', async () => {
      let expecting = false;
      const { batches, coalescer } = lingering(() => expecting);
      await coalescer.add(1);
      expecting = true;
      const second = coalescer.add(2);
      await turn();
      expect(batches).toEqual([[1]]);
      coalescer.flush();
      await second;
      expect(batches).toEqual([[1], [2]]);
    });
  });
});
