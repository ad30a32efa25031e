import { createUuidV7, uuidV7 } from './uuid-v7.js';

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('uuidV7', () => {
  it('has the shape of version 7 and carries the time', () => {
    const id = createUuidV7({ now: () => 0x0123_4567_89ab })();
    expect(id).toMatch(SHAPE);
    expect(id.startsWith('01234567-89ab-7')).toBe(true);
  });

  it('never repeats and sorts in the order of its making, also within one millisecond', () => {
    const next = createUuidV7({ now: () => 1_700_000_000_000 });
    const ids = Array.from({ length: 20_000 }, next);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('goes on counting when the clock goes back', () => {
    let now = 2_000;
    const next = createUuidV7({ now: () => now });
    const before = next();
    now = 1_000;
    expect(next() > before).toBe(true);
  });

  it('is random where it is not time', () => {
    const tails = new Set(Array.from({ length: 1_000 }, () => uuidV7().slice(19)));
    expect(tails.size).toBe(1_000);
  });
});
