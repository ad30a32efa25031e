import { ManualClock } from '../../testing/manual-clock.js';
import { MqEvents } from '../events/event-bus.js';
import { DatabaseGate } from './database-gate.js';

function given({ answers = true }: { answers?: boolean } = {}) {
  const clock = new ManualClock();
  const stop = new AbortController();
  let probes = 0;
  const probe = (): Promise<void> => (probes++, answers ? Promise.resolve() : Promise.reject(new Error('down')));
  const gate = new DatabaseGate(clock, () => 0.5, new MqEvents(), stop.signal, probe);
  const state = (): string => (gate.isClosed ? 'closed' : gate.isTrying ? 'trying' : 'open');
  return { clock, gate, stop, state, fail: () => gate.failed(new Error('down')), probes: () => probes };
}

/** Brings a gate into a state. */
async function reach(target: string) {
  const it = given();
  if (target === 'open') return it;
  it.fail();
  if (target === 'trying') await it.clock.advance(10_000);
  return it;
}

it.each([
  ['open', 'failed', 'closed'],
  ['open', 'succeeded', 'open'],
  ['closed', 'failed', 'closed'],
  // A delivery that had entered the inbox before the database went away says nothing about now.
  ['closed', 'succeeded', 'closed'],
  ['closed', 'answered', 'trying'],
  ['trying', 'failed', 'closed'],
  ['trying', 'succeeded', 'open'],
])('%s, %s → %s', async (from, event, to) => {
  const { gate, clock, state, fail } = await reach(from);
  expect(state()).toBe(from);
  if (event === 'failed') fail();
  if (event === 'succeeded') gate.succeeded();
  if (event === 'answered') await clock.advance(10_000);
  expect(state()).toBe(to);
});

it('probes with growing pauses until the database answers', async () => {
  const { clock, probes, fail } = given({ answers: false });
  fail();
  const counts: number[] = [];
  for (const ms of [1_000, 10_000, 100_000, 100_000]) {
    await clock.advance(ms);
    counts.push(probes());
  }
  expect(counts[0]).toBe(1);
  expect(counts[3]! - counts[2]!).toBeLessThanOrEqual(7);
});

it('waits longer when a try failed than at first', async () => {
  const { clock, state, fail } = given();
  const waits: number[] = [];
  for (let round = 0; round < 3; round++) {
    fail();
    const before = clock.monotonic();
    while (state() === 'closed') await clock.advance(50);
    waits.push(clock.monotonic() - before);
  }
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits[2]).toBeGreaterThan(waits[0]!);
});

it('lets everybody pass, and probes no more, when the process stops', async () => {
  const { clock, gate, stop, fail, probes } = given({ answers: false });
  fail();
  const passed = gate.pass(stop.signal);
  stop.abort();
  await passed;
  await clock.advance(60_000);
  expect(probes()).toBe(0);
});
