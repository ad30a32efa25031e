import { ManualClock } from '../../testing/manual-clock.js';
import { deferred, type Deferred } from './deferred.js';
import { Question } from './question.js';

it('is under way once, however often it is asked, and says for how long there was no answer', async () => {
  const clock = new ManualClock();
  const open: Deferred<string>[] = [];
  const question = new Question(() => (open.push(deferred<string>()), open.at(-1)!.promise), clock, 3_000);
  const first = question.ask();
  await clock.advance(3_000);
  expect(await first).toEqual({ silentMs: 3_000 });
  const [second, third] = [question.ask(), question.ask()];
  await clock.advance(2_000);
  expect(open).toHaveLength(1);
  open[0]!.resolve('well');
  expect(await Promise.all([second, third])).toEqual([{ value: 'well' }, { value: 'well' }]);
  const next = question.ask();
  expect(open).toHaveLength(2);
  open[1]!.reject(new Error('refused'));
  await expect(next).rejects.toThrow('refused');
});

it('that is refused after everybody has stopped waiting troubles nobody, and is put again', async () => {
  const clock = new ManualClock();
  const open: Deferred<string>[] = [];
  const question = new Question(() => (open.push(deferred<string>()), open.at(-1)!.promise), clock, 10);
  const asked = question.ask();
  await clock.advance(10);
  await asked;
  open[0]!.reject(new Error('connection lost'));
  await clock.settle();
  const again = question.ask();
  open[1]!.resolve('well');
  expect(await again).toEqual({ value: 'well' });
});
