import { createIdSource } from './ids.js';

describe('createIdSource', () => {
  it('makes ids of its length, and none twice, over several sources', () => {
    const sources = Array.from({ length: 3 }, () => createIdSource(24));
    const ids = sources.flatMap((next) => Array.from({ length: 1_000 }, next));
    expect(new Set(ids).size).toBe(3_000);
    expect(ids.every((id) => /^[0-9A-F]{24}$/.test(id))).toBe(true);
  });
});
