import { LazyAbort } from './lazy-abort.js';

describe('LazyAbort', () => {
  it('aborts a signal that was asked for before', () => {
    const abort = new LazyAbort();
    const { signal } = abort;
    expect(signal.aborted).toBe(false);
    abort.abort('time is up');
    abort.abort('again');
    expect(signal.reason).toBe('time is up');
    expect(abort.signal).toBe(signal);
  });

  it('gives one that is aborted already to whoever asks later', () => {
    const abort = new LazyAbort();
    abort.abort('time is up');
    expect(abort.signal.aborted).toBe(true);
    expect(abort.signal.reason).toBe('time is up');
  });
});
