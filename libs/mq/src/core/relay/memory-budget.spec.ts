import { MemoryBudget } from './memory-budget.js';

const MB = 1_048_576;
const row = (payloadBytes: number): { payloadBytes: number } => ({ payloadBytes });

describe('MemoryBudget', () => {
  it('offers half of itself to a claim, counted as payloads, and what is left to the next', async () => {
    const budget = new MemoryBudget(16 * MB);
    const offers: number[] = [];
    const claim = (...rows: { payloadBytes: number }[]): Promise<void> =>
      budget.fill(async (bytes) => {
        offers.push(bytes);
        return rows;
      });
    await Promise.all([claim(row(2 * MB)), claim(row(2 * MB)), claim()]);
    await claim();
    expect(offers).toEqual([2 * MB, 2 * MB, 0, 0]);
    expect(budget.hasRoom).toBe(false);
  });

  it('gives back what a claim did not take, and all of it when the claim fails', async () => {
    const budget = new MemoryBudget(4 * MB);
    await budget.fill(async () => []);
    await expect(budget.fill(() => Promise.reject(new Error('the database is away')))).rejects.toThrow('away');
    expect(budget.tryHold([row(MB)])).toBe(true);
    expect(budget.tryHold([row(1)])).toBe(false);
  });

  it('takes one that is larger than itself, when it holds nothing', () => {
    const budget = new MemoryBudget(MB);
    const large = [row(4 * MB)];
    expect(budget.tryHold(large)).toBe(true);
    expect([budget.hasRoom, budget.tryHold([row(1)])]).toEqual([false, false]);
    budget.free(large);
    expect([budget.hasRoom, budget.tryHold(large)]).toEqual([true, true]);
  });

  it('tells once when there is room again', () => {
    const budget = new MemoryBudget(4 * MB);
    const parts = [row(MB / 4), row(MB / 4), row(MB / 2)];
    for (const part of parts) budget.tryHold([part]);
    const told = jest.fn();
    budget.whenRoom(told);
    budget.free([parts[0]!]);
    budget.free([parts[1]!]);
    budget.free([parts[2]!]);
    expect(told).toHaveBeenCalledTimes(1);
  });
});
