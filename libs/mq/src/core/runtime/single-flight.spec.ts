import { ManualClock } from '../../testing/manual-clock.js';
import { deferred, type Deferred } from './deferred.js';
import { SingleFlight } from './single-flight.js';

it('is under way once, however often it is asked, and says for how long there was no answer', async () => {
  const clock = new ManualClock();
  const calls: Deferred<string>[] = [];
  const flight = new SingleFlight(() => (calls.push(deferred<string>()), calls.at(-1)!.promise), clock, 3_000);
  const first = flight.ask();
  await clock.advance(3_000);
  expect(await first).toEqual({ silentMs: 3_000 });
  const [second, third] = [flight.ask(), flight.ask()];
  await clock.advance(2_000);
  expect(calls).toHaveLength(1);
  calls[0]!.resolve('well');
  expect(await Promise.all([second, third])).toEqual([{ value: 'well' }, { value: 'well' }]);
  const next = flight.ask();
  expect(calls).toHaveLength(2);
  calls[1]!.reject(new Error('refused'));
  await expect(next).rejects.toThrow('refused');
});

it('that is refused after everybody has stopped waiting troubles nobody, and is called again', async () => {
  const clock = new ManualClock();
  const calls: Deferred<string>[] = [];
  const flight = new SingleFlight(() => (calls.push(deferred<string>()), calls.at(-1)!.promise), clock, 10);
  const asked = flight.ask();
  await clock.advance(10);
  await asked;
  calls[0]!.reject(new Error('connection lost'));
  await clock.whenIdle();
  const again = flight.ask();
  calls[1]!.resolve('well');
  expect(await again).toEqual({ value: 'well' });
});
