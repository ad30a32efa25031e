import { formatReceipt, parseReceipt } from './receipt-handle.js';

describe('receipt handles', () => {
  it.each([
    { messageId: 'AB', seq: 0, attempt: 1 },
    { messageId: 'AB', seq: 987_654_321_012, attempt: 289 },
    { messageId: 'AB', seq: -1, attempt: 0 },
  ])('say what they stand for: %j', (receipt) => {
    expect(parseReceipt(formatReceipt(receipt))).toEqual(receipt);
  });

  it.each(['', 'AB', '-', 'AB-', 'AB-####', 'AB-MTI=', 'AB-MDox!', 'AB-MDox ', 'AB-MDAwOjE='])(
    'that are not ours mean nothing: %j',
    (handle) => {
      expect(parseReceipt(handle)).toBeUndefined();
    },
  );
});
