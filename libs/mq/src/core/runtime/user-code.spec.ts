import { setImmediate } from 'node:timers/promises';
import { disown } from './user-code.js';

it('does not go on for ever with what is rejected with itself', async () => {
  let asked = 0;
  const thenable = {
    // oxlint-disable-next-line unicorn/no-thenable
    then: (_: unknown, reject: (reason: unknown) => void) => {
      // Endless, this would be no failure but a hang.
      if (++asked < 1_000) reject(thenable);
    },
  };
  expect(disown(thenable)).toBe(true);
  await setImmediate();
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(100);
});

it('takes charge of a promise that a promise was rejected with', async () => {
  // Nobody else listens to either: a rejection that is left over fails this test.
  const disowned = Promise.reject(Promise.reject(new Error('inner')));
  expect(disown(disowned)).toBe(true);
  await setImmediate();
});
