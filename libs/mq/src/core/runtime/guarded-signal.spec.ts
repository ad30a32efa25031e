import { guardedSignal } from './guarded-signal.js';

describe('guardedSignal', () => {
  const setup = (): { abort: () => void; signal: AbortSignal } => {
    const controller = new AbortController();
    return { abort: () => controller.abort(), signal: guardedSignal(controller.signal) };
  };

  // Without the guard this ends the process that runs the test.
  it('lets no listener throw out of it, and calls the others', async () => {
    const { abort, signal } = setup();
    const calls: string[] = [];
    const fail = (name: string) => () => {
      calls.push(name);
      throw new Error(name);
    };
    const reject = (): unknown => {
      calls.push('promise');
      return Promise.reject(new Error('promise'));
    };
    signal.addEventListener('abort', fail('function'));
    signal.addEventListener('abort', { handleEvent: fail('object') });
    signal.onabort = fail('property');
    signal.addEventListener('abort', reject, { once: true });
    abort();
    expect(calls).toEqual(['function', 'object', 'property', 'promise']);
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('forgets a listener that is removed', () => {
    const { abort, signal } = setup();
    const listener = jest.fn();
    signal.addEventListener('abort', listener);
    signal.addEventListener('abort', listener);
    signal.removeEventListener('abort', listener);
    abort();
    expect(listener).not.toHaveBeenCalled();
  });

  it('is a signal still', async () => {
    const { abort, signal } = setup();
    const either = AbortSignal.any([signal]);
    expect(signal).toBeInstanceOf(AbortSignal);
    abort();
    expect(either.aborted).toBe(true);
    await expect(fetch('http://127.0.0.1:9', { signal })).rejects.toThrow();
  });
});
