import { LazyAbort } from '../../runtime/lazy-abort.js';
import { ManualClock } from '../../../testing/manual-clock.js';
import { CutOff, runWithCutOff } from './cut-off.js';

const forever = (): Promise<never> => new Promise(() => undefined);

function given({ sever = () => undefined as void, giveUp = new AbortController() } = {}) {
  const clock = new ManualClock();
  const controller = new LazyAbort();
  const abandoned: Promise<unknown>[] = [];
  const options = {
    clock,
    timeoutMs: 1_000,
    giveUp: giveUp.signal,
    controller,
    sever,
    abandoned: (work: Promise<unknown>) => void abandoned.push(work),
  };
  const run = (work: (check: () => void) => Promise<unknown>): Promise<unknown> =>
    runWithCutOff(options, work).catch((error: unknown) => error);
  return { clock, giveUp, controller, abandoned, run };
}

it.each([
  ['returns', () => Promise.resolve('done'), 'done'],
  ['rejects', () => Promise.reject(new Error('no')), new Error('no')],
  [
    'throws before its first await',
    () => {
      throw new Error('no');
    },
    new Error('no'),
  ],
])('ends as the work ends when it %s', async (_, work, outcome) => {
  const { run, controller, abandoned, clock } = given();
  expect(await run(work)).toEqual(outcome);
  await clock.advance(5_000);
  expect(controller.signal.aborted).toBe(false);
  expect(abandoned).toEqual([]);
});

it('ends with the timeout, severed before anybody is told', async () => {
  const order: string[] = [];
  const { run, clock, controller, abandoned } = given({ sever: () => void order.push('severed') });
  controller.signal.addEventListener('abort', () => order.push('aborted'));
  const outcome = run(forever);
  await clock.advance(1_000);
  expect(await outcome).toMatchObject({ why: 'timeout' });
  expect(order).toEqual(['severed', 'aborted']);
  expect(abandoned).toHaveLength(1);
});

it('ends with the timeout also when severing fails', async () => {
  const { run, clock, controller } = given({
    sever: () => {
      throw new Error('no');
    },
  });
  const outcome = run(forever);
  await clock.advance(1_000);
  expect(await outcome).toBeInstanceOf(CutOff);
  expect(controller.signal.aborted).toBe(true);
});

it('ends when shutdown stops waiting', async () => {
  const { run, giveUp, controller } = given();
  const outcome = run(forever);
  giveUp.abort();
  expect(await outcome).toMatchObject({ why: 'shutdown' });
  expect(controller.signal.aborted).toBe(true);
});

it('does not begin when shutdown has stopped waiting already', async () => {
  const giveUp = new AbortController();
  giveUp.abort();
  const { run } = given({ giveUp });
  let began = false;
  expect(await run(async () => (began = true))).toMatchObject({ why: 'shutdown' });
  expect(began).toBe(false);
});

it('stops work that comes back too late at its next step', async () => {
  let go = (): void => undefined;
  const steps: string[] = [];
  const { run, clock } = given();
  const outcome = run(async (check) => {
    await new Promise<void>((resolve) => (go = resolve));
    check();
    steps.push('wrote');
  });
  await clock.advance(1_000);
  await outcome;
  go();
  await clock.whenIdle();
  expect(steps).toEqual([]);
});
