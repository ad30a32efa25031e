import fc from 'fast-check';
import { DeadlineHeap } from './deadline-heap.js';

describe('DeadlineHeap', () => {
  it('gives out what is due, earliest first, whatever was removed before', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ at: fc.nat(50), remove: fc.boolean() })), fc.nat(60), (entries, now) => {
        const heap = new DeadlineHeap<{ at: number; heapIndex: number }>((item) => item.at);
        const items = entries.map(({ at, remove }) => ({ at, remove, heapIndex: -1 }));
        for (const item of items) heap.push(item);
        for (const item of items) if (item.remove) heap.remove(item);
        for (const item of items) if (item.remove) heap.remove(item); // once more does nothing
        const popped: number[] = [];
        for (let item = heap.popDue(now); item; item = heap.popDue(now)) popped.push(item.at);
        const left = items.filter((item) => !item.remove);
        const due = left.filter((item) => item.at <= now).map((item) => item.at);
        expect(popped).toEqual(due.sort((a, b) => a - b));
        expect(heap.size).toBe(left.length - due.length);
      }),
    );
  });
});
