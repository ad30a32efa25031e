import { Switch } from './switch.js';

/** Something that takes several turns to start and to stop, and must not be asked for both at once. */
function machine(): { power: Switch; state: () => string; failNext: () => void; starts: () => number } {
  let state = 'off';
  let failing = false;
  let starts = 0;
  const change = async (to: string): Promise<void> => {
    if (state === 'changing') throw new Error('two changes at once');
    state = 'changing';
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    if (failing) {
      failing = false;
      state = 'half';
      throw new Error('failed');
    }
    state = to;
  };
  const on = (): Promise<void> => (starts++, change('on'));
  const power = new Switch(on, () => change('off'));
  return { power, state: () => state, failNext: () => (failing = true), starts: () => starts };
}

it.each([
  ['on', ['on']],
  ['off', ['on', 'off']],
  ['on', ['on', 'off', 'on']],
  ['off', ['on', 'off', 'on', 'off']],
  ['off', ['off', 'on', 'off']],
  ['on', ['off', 'on']],
  ['on', ['on', 'on']],
] as const)('ends %s after %j in one turn', async (last, calls) => {
  const { power, state } = machine();
  await Promise.all(calls.map((call) => power[call]()));
  expect(state()).toBe(last);
  expect(power.isOn).toBe(last === 'on');
  await Promise.all(calls.map((call) => power[call]()));
  expect(state()).toBe(last);
});

it('turns on once for many that ask', async () => {
  const { power, starts } = machine();
  await Promise.all([power.on(), power.on()]);
  await power.on();
  expect(starts()).toBe(1);
});

it('that failed to turn on is off for the next who asks, and can be turned on and off again', async () => {
  const { power, state, failNext } = machine();
  failNext();
  await expect(power.on()).rejects.toThrow('failed');
  expect(power.isOn).toBe(false);
  await power.off();
  expect(state()).toBe('off');
  failNext();
  await expect(power.on()).rejects.toThrow('failed');
  await power.on();
  expect(state()).toBe('on');
});

it('stays off once locked', async () => {
  const { power, state } = machine();
  const on = power.on();
  const locked = power.lock();
  await Promise.all([on, locked, power.on()]);
  await power.on();
  expect(state()).toBe('off');
});
