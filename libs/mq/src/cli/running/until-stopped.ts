import type { Clock } from '../../core/runtime/clock.js';

const LOOK_MS = 250;

/** Why a process that runs stops. */
export type StopReason = 'signal' | 'max-messages' | 'max-time' | 'empty' | 'memory';

export interface Endings {
  readonly maxTimeMs: number | undefined;
  readonly memoryBytes: number | undefined;
  /** Stop when nothing was to be done for this long. */
  readonly emptyMs: number | undefined;
}

interface Watched {
  readonly clock: Clock;
  /** Somebody asks it to end. */
  readonly signal: AbortSignal;
  /** The messages that it was to handle are handled. */
  readonly enough: AbortSignal;
  /** Bytes that the process occupies. */
  memory(): number;
  /** Whether there is nothing to be done at this moment. */
  isIdle(): Promise<boolean>;
  /** When something was done last, on the clock's `monotonic()`. */
  lastWorkAt(): number;
}

/** Waits until a process that runs has a reason to stop. */
export async function untilStopped(endings: Endings, watched: Watched): Promise<StopReason> {
  const { clock, signal, enough } = watched;
  const { maxTimeMs = Infinity, memoryBytes = Infinity, emptyMs } = endings;
  const startedAt = clock.monotonic();
  const interrupted = AbortSignal.any([signal, enough]);
  let busyAt = startedAt;
  for (;;) {
    if (signal.aborted) return 'signal';
    if (enough.aborted) return 'max-messages';
    if (watched.memory() > memoryBytes) return 'memory';
    const now = clock.monotonic();
    if (now - startedAt >= maxTimeMs) return 'max-time';
    if (emptyMs !== undefined) {
      busyAt = (await watched.isIdle()) ? Math.max(busyAt, watched.lastWorkAt()) : now;
      if (now - busyAt >= emptyMs) return 'empty';
    }
    await clock.sleep(Math.min(LOOK_MS, startedAt + maxTimeMs - now), interrupted);
  }
}
