import { Limiter } from './limiter.js';
import { deferred, type Deferred } from './deferred.js';

/** Tasks that end when they are told to. */
function crowd(limiter: Limiter, size: number): { running: () => number; endOne: () => Promise<void> } {
  const open: Deferred<void>[] = [];
  for (let i = 0; i < size; i++) {
    void limiter.run(() => {
      const task = deferred<void>();
      open.push(task);
      return task.promise;
    });
  }
  return {
    running: () => open.length,
    endOne: async () => {
      open.shift()!.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

it('lets as many run at once as it is told, and the next when one ends', async () => {
  const { running, endOne } = crowd(new Limiter(4), 10);
  expect(running()).toBe(4);
  for (let i = 0; i < 6; i++) {
    await endOne();
    expect(running()).toBe(4);
  }
  await endOne();
  expect(running()).toBe(3);
});

it('lets half as many run from the next end on, once for all that began before, and never none', async () => {
  const limiter = new Limiter(8);
  const { running, endOne } = crowd(limiter, 100);
  const { era } = limiter;
  for (let i = 0; i < 8; i++) limiter.narrow(era);
  for (let i = 0; i < 8; i++) await endOne();
  expect(running()).toBe(4);
  for (let i = 0; i < 10; i++) {
    limiter.narrow(limiter.era);
    await endOne();
  }
  expect(running()).toBe(1);
});

it('lets one more run after as many good ends as there are places, up to its limit', async () => {
  const limiter = new Limiter(4);
  const { running, endOne } = crowd(limiter, 100);
  limiter.narrow(limiter.era);
  for (let i = 0; i < 4; i++) await endOne();
  expect(running()).toBe(2);
  for (let i = 0; i < 3; i++) limiter.widen();
  await endOne();
  expect(running()).toBe(3);
  for (let i = 0; i < 100; i++) limiter.widen();
  await endOne();
  expect(running()).toBe(4);
});
