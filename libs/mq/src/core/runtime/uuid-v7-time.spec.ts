import { uuidV7Time } from './uuid-v7-time.js';
import { createUuidV7 } from './uuid-v7.js';

it('reads the time that an id was made with', () => {
  expect(uuidV7Time(createUuidV7({ now: () => 1_763_800_000_123 })())).toBe(1_763_800_000_123);
});

it.each(['', 'order-7', '0196f9a2-0000-4000-8000-000000000000', '0196f9a2-0000-7000-8000-00000000000g'])(
  'knows that %j has none',
  (id) => expect(uuidV7Time(id)).toBeNull(),
);
