import { nearest } from './nearest.js';

const NAMES = ['orders', 'stock', 'migrate', '--max-messages'];

describe('nearest', () => {
  it.each([
    ['oders', 'orders'],
    ['ORDERS', 'orders'],
    ['stok', 'stock'],
    ['--max-mesages', '--max-messages'],
    ['stick', 'stock'],
    ['invoices', undefined],
    ['', undefined],
    ['x', undefined],
  ])('%j is %j', (typed, wanted) => {
    expect(nearest(typed, NAMES)).toBe(wanted);
  });
});
