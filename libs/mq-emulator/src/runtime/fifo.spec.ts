import { Fifo } from './fifo.js';

describe('Fifo', () => {
  it('gives back in order, also while it shrinks its memory', () => {
    const fifo = new Fifo<number>();
    const taken: (number | undefined)[] = [];
    for (let i = 0; i < 10_000; i++) {
      fifo.push(i);
      if (i % 3 !== 0) taken.push(fifo.shift());
    }
    expect(fifo.size).toBe(10_000 - taken.length);
    const rest = [...fifo];
    while (fifo.size > 0) taken.push(fifo.shift());
    expect(taken).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    expect(rest).toEqual(taken.slice(-rest.length));
    expect(fifo.shift()).toBeUndefined();
  });
});
