import { Semaphore } from './semaphore.js';
import { deferred, type Deferred } from './deferred.js';

/** Tasks that end when they are told to. */
function crowd(semaphore: Semaphore, size: number): { running: () => number; endOne: () => Promise<void> } {
  const ends: Deferred<void>[] = [];
  for (let i = 0; i < size; i++) {
    void semaphore.run(() => {
      const task = deferred<void>();
      ends.push(task);
      return task.promise;
    });
  }
  return {
    running: () => ends.length,
    endOne: async () => {
      ends.shift()!.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

it('lets as many run at once as it is told, and the next when one ends', async () => {
  const { running, endOne } = crowd(new Semaphore(4), 10);
  expect(running()).toBe(4);
  for (let i = 0; i < 6; i++) {
    await endOne();
    expect(running()).toBe(4);
  }
  await endOne();
  expect(running()).toBe(3);
});

it('lets half as many run from the next end on, once for all that began before, and never none', async () => {
  const semaphore = new Semaphore(8);
  const { running, endOne } = crowd(semaphore, 100);
  const { narrowings } = semaphore;
  for (let i = 0; i < 8; i++) semaphore.narrow(narrowings);
  for (let i = 0; i < 8; i++) await endOne();
  expect(running()).toBe(4);
  for (let i = 0; i < 10; i++) {
    semaphore.narrow(semaphore.narrowings);
    await endOne();
  }
  expect(running()).toBe(1);
});

it('lets one more run after as many good ends as there are slots, up to its limit', async () => {
  const semaphore = new Semaphore(4);
  const { running, endOne } = crowd(semaphore, 100);
  semaphore.narrow(semaphore.narrowings);
  for (let i = 0; i < 4; i++) await endOne();
  expect(running()).toBe(2);
  for (let i = 0; i < 3; i++) semaphore.widen();
  await endOne();
  expect(running()).toBe(3);
  for (let i = 0; i < 100; i++) semaphore.widen();
  await endOne();
  expect(running()).toBe(4);
});
