import { isInRange } from './version-range.js';

it.each([
  ['1.0.4', '1.0.4', true],
  ['1.0.5', '1.0.4', false],
  ['1.13.1', '^1.13.1', true],
  ['1.13.0', '^1.13.1', false],
  ['1.14.0', '^1.13.1', true],
  ['2.0.0', '^1.13.1', false],
  ['0.7.9', '^0.7.0', true],
  ['0.8.0', '^0.7.0', false],
  ['6.25.0', '^7.0.0 || ^8.0.0', false],
  ['7.0.0', '^7.0.0 || ^8.0.0', true],
  ['8.13.1', '^7.0.0 || ^8.0.0', true],
  ['9.0.0', '^7.0.0 || ^8.0.0', false],
  ['8.0.0-rc.1', '^7.0.0 || ^8.0.0', true],
  ['none', '^7.0.0', false],
])('%s in %s: %p', (version, range, expected) => {
  expect(isInRange(version, range)).toBe(expected);
});
