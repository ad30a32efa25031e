import type { Happening } from '../../core/store/happening.js';
import { Fresh } from './fresh.js';

const happening = (key: string, at: number): Happening => ({
  key,
  at,
  what: 'sent',
  topic: 'orders',
  group: null,
  messageId: key,
  messageKey: null,
  tag: null,
  code: null,
  text: '',
});
const keys = (happenings: readonly Happening[]): string[] => happenings.map(({ key }) => key);
const [a, b, c, late] = [happening('a', 10), happening('b', 900), happening('c', 1_200), happening('late', 5)];

it('tells each thing once, oldest first, and of what was before the first reading as much as was asked for', () => {
  const fresh = new Fresh(200);
  expect(keys(fresh.take({ now: 1_000, most: 9, sources: [[b, a]] }).happenings)).toEqual(['b']);
  expect(keys(fresh.take({ now: 1_300, most: 9, sources: [[c, b, a]] }).happenings)).toEqual(['c']);
  // Committed now, and begun long before.
  expect(keys(fresh.take({ now: 1_400, most: 9, sources: [[c, b, a], [late]] }).happenings)).toEqual(['late']);
  expect(fresh.take({ now: 1_500, most: 9, sources: [[c, b], [late]] }).happenings).toEqual([]);
});

it('says when a reading that is full knows nothing of the one before', () => {
  const fresh = new Fresh(0);
  fresh.take({ now: 1_000, most: 2, sources: [[b, a]] });
  expect(fresh.take({ now: 2_000, most: 2, sources: [[c, b]] }).missed).toBe(false);
  expect(fresh.take({ now: 3_000, most: 2, sources: [[happening('e', 2_900), happening('d', 2_800)]] }).missed).toBe(
    true,
  );
});
