import { classLabels } from './class-labels.js';

const error = (errorClass: string, count = 1, group: string | null = 'stock') => ({
  topic: 'orders',
  group,
  errorClass,
  count,
  oldestAt: 0,
});

it('names the 20 most frequent classes and counts all others together, for each group', () => {
  const many = Array.from({ length: 25 }, (_, i) => error(`Error${i}`, 100 - i));
  const series = classLabels([...many, error('Error24', 1, null)]);
  expect(series).toHaveLength(22);
  expect(series.filter((one) => one.class === '_other')).toEqual([
    { group: 'stock', class: '_other', count: 80 + 79 + 78 + 77 + 76 },
    { group: '', class: '_other', count: 1 },
  ]);
});

it('never takes for a class what no class can be called', () => {
  const series = classLabels([error('card 4111 1111'), error('x'.repeat(65)), error('a\nb'), error('TypeError')]);
  expect(series).toEqual([
    { group: 'stock', class: '_other', count: 3 },
    { group: 'stock', class: 'TypeError', count: 1 },
  ]);
});

it('says that there is none', () => {
  expect(classLabels([])).toEqual([{ group: '', class: '_other', count: 0 }]);
});
