/**
 * The only source of time in this library, so that tests can own it.
 *
 * What is stored is timed by the database, never by this clock: `now()` is for what people read (log lines, the
 * deadline shown to a handler), `monotonic()` for leases and deadlines, which must not move when somebody sets the clock.
 */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /**
   * Runs `task` once after `ms`; the returned function forgets it.
   * @param keepsAlive whether the process may not end before. Default `false`.
   */
  schedule(ms: number, task: () => void, keepsAlive?: boolean): () => void;
  /** Resolves after `ms`, or at once when `signal` is or gets aborted. Never rejects. Does keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
