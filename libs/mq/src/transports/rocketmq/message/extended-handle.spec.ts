import { extendedHandle } from './extended-handle.js';

it('begins the batch with the message, in the handle of a proxy inside of a broker', () => {
  expect(extendedHandle('0 1795778612022 5000 2 0 broker-a 0 3 0 882')).toBe(
    '3 1795778612022 5000 2 0 broker-a 0 3 0 882',
  );
  expect(extendedHandle('3 1795778612022 5000 999 0 broker-a 7 3 0 0')).toBe(
    '3 1795778612022 5000 999 0 broker-a 7 3 0 0',
  );
});

it.each([
  ['of a proxy by itself', '2 1795778612022 5000 2 0 broker-a 0 3 882'],
  ['with a field more', '0 1795778612022 5000 2 0 broker-a 0 3 0 882 1'],
  ['with something else in place of the zero', '0 1795778612022 5000 2 0 broker-a 0 3 4 882'],
  ['with something else in place of a number', '0 1795778612022 5000 2 0 broker-a 0 x 0 882'],
  ['of another broker', 'MTc5NTc3ODYxMjAyMg=='],
  ['that is empty', ''],
])('leaves a handle %s as it is', (_, handle) => {
  expect(extendedHandle(handle)).toBe(handle);
});
