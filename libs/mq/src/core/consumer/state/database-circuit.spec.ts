import { ManualClock } from '../../../testing/manual-clock.js';
import { MqEvents } from '../../events/event-bus.js';
import { DatabaseCircuit } from './database-circuit.js';

function given({ answers = true }: { answers?: boolean } = {}) {
  const clock = new ManualClock();
  const stop = new AbortController();
  let probes = 0;
  const probe = (): Promise<void> => (probes++, answers ? Promise.resolve() : Promise.reject(new Error('down')));
  const circuit = new DatabaseCircuit(clock, () => 0.5, new MqEvents(), stop.signal, probe);
  const state = (): string => (circuit.isOpen ? 'open' : circuit.isHalfOpen ? 'half-open' : 'closed');
  return { clock, circuit, stop, state, fail: () => circuit.failed(new Error('down')), probes: () => probes };
}

/** Brings a circuit into a state. */
async function reach(target: string) {
  const it = given();
  if (target === 'closed') return it;
  it.fail();
  if (target === 'half-open') await it.clock.advance(10_000);
  return it;
}

it.each([
  ['closed', 'failed', 'open'],
  ['closed', 'succeeded', 'closed'],
  ['open', 'failed', 'open'],
  // A delivery that had entered the inbox before the database went away says nothing about now.
  ['open', 'succeeded', 'open'],
  ['open', 'answered', 'half-open'],
  ['half-open', 'failed', 'open'],
  ['half-open', 'succeeded', 'closed'],
])('%s, %s → %s', async (from, event, to) => {
  const { circuit, clock, state, fail } = await reach(from);
  expect(state()).toBe(from);
  if (event === 'failed') fail();
  if (event === 'succeeded') circuit.succeeded();
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

it('waits longer when a trial failed than at first', async () => {
  const { clock, state, fail } = given();
  const waits: number[] = [];
  for (let round = 0; round < 3; round++) {
    fail();
    const before = clock.monotonic();
    while (state() === 'open') await clock.advance(50);
    waits.push(clock.monotonic() - before);
  }
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits[2]).toBeGreaterThan(waits[0]!);
});

it('lets everybody go on, and probes no more, when the process stops', async () => {
  const { clock, circuit, stop, fail, probes } = given({ answers: false });
  fail();
  const passed = circuit.whenNotOpen(stop.signal);
  stop.abort();
  await passed;
  await clock.advance(60_000);
  expect(probes()).toBe(0);
});
