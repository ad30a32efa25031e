import { ManualClock } from '../runtime/manual-clock.js';
import { PollQueue } from './poll-queue.js';

const NEVER = new AbortController().signal;

describe('PollQueue', () => {
  const clock = new ManualClock();
  let ready: string[];
  let expiry: number | undefined;
  let queue: PollQueue<string, string>;

  beforeEach(() => {
    ready = [];
    expiry = undefined;
    queue = new PollQueue(
      clock,
      (name) => {
        if (expiry !== undefined && expiry <= clock.now()) {
          ready.push('expired');
          expiry = undefined;
        }
        const item = ready.shift();
        return item && `${name}: ${item}`;
      },
      () => expiry,
      () => true,
    );
  });

  it('serves those who wait longest first', async () => {
    const polls = ['a', 'b', 'c'].map((name) => queue.poll(name, 1_000, NEVER));
    ready = ['x', 'y'];
    queue.wake();
    clock.advance(1_000);
    expect(await Promise.all(polls)).toEqual(['a: x', 'b: y', undefined]);
    expect(queue.waiting).toBe(0);
  });

  it('wakes itself when something becomes available by itself', async () => {
    expiry = clock.now() + 500;
    const poll = queue.poll('a', 1_000, NEVER);
    clock.advance(499);
    expect(queue.waiting).toBe(1);
    clock.advance(1);
    expect(await poll).toBe('a: expired');
  });

  it('forgets a poll that is aborted', async () => {
    const gone = new AbortController();
    const poll = queue.poll('a', 1_000, gone.signal);
    gone.abort();
    expect(await poll).toBeUndefined();
    ready = ['x'];
    queue.wake();
    expect(ready).toEqual(['x']);
    expect(await queue.poll('b', 0, gone.signal)).toBe('b: x');
  });
});
