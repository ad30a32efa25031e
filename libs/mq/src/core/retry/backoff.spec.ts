import * as fc from 'fast-check';
import { fullJitter } from './backoff.js';

describe('fullJitter', () => {
  it('stays between zero and the cap for every attempt, however large', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, roll) => {
        const delay = fullJitter(attempt, 1_000, 600_000, () => roll);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(600_000);
      }),
    );
  });

  it('doubles its ceiling with every attempt until the cap', () => {
    const ceiling = (attempt: number): number => fullJitter(attempt, 1_000, 10_000, () => 1);
    expect([1, 2, 3, 4, 5, 6].map(ceiling)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('spreads equal failures over the whole interval', () => {
    const delays = [0, 0.25, 0.5, 0.75].map((roll) => fullJitter(1, 1_000, 10_000, () => roll));
    expect(delays).toEqual([0, 250, 500, 750]);
  });
});
