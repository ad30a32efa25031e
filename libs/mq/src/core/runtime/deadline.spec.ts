import { ManualClock } from '../../testing/manual-clock.js';
import { Deadline } from './deadline.js';
import { deferred } from './deferred.js';

it('is one moment for all waits: what the first uses up, the second does not have', async () => {
  const clock = new ManualClock();
  const deadline = Deadline.in(clock, 1_000);
  const never = new Promise<void>(() => {});
  const work = deferred<void>();
  const first = deadline.covers(work.promise);
  await clock.advance(900);
  work.reject(new Error('ended all the same'));
  expect(await first).toBe(true);
  expect(deadline.remainingMs).toBe(100);
  const second = deadline.covers(never);
  await clock.advance(100);
  expect(await second).toBe(false);
  expect(deadline.remainingMs).toBe(0);
  const later = deadline.plus(50).covers(never);
  await clock.advance(50);
  expect(await later).toBe(false);
});

it('calls at its moment, at once when that is past, and never what was forgotten', async () => {
  const clock = new ManualClock();
  const calls: string[] = [];
  const deadline = Deadline.in(clock, 10);
  deadline.onReached(() => calls.push('then'));
  deadline.onReached(() => calls.push('forgotten'))();
  await clock.advance(10);
  expect(calls).toEqual(['then']);
  deadline.onReached(() => calls.push('late'));
  await clock.advance(0);
  expect(calls).toEqual(['then', 'late']);
});
