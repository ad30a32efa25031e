import { TagFilter } from './tag-filter.js';

describe('TagFilter', () => {
  it.each<[string | undefined, string | undefined, boolean]>([
    [undefined, 'a', true],
    ['', undefined, true],
    ['*', undefined, true],
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', undefined, false],
    ['a||b', 'b', true],
    [' a || b ', 'b', true],
    ['a||*', 'c', true],
    ['a|b', 'a', false],
  ])('%j wants %j: %s', (expression, tag, wanted) => expect(TagFilter.parse(expression).matches(tag)).toBe(wanted));
});
