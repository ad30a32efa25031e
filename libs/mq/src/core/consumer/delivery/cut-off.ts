import type { Clock } from '../../runtime/clock.js';
import type { LazyAbort } from '../../runtime/lazy-abort.js';

/** Why an attempt was ended from outside, before it ended by itself. */
export class CutOff extends Error {
  override readonly name = 'CutOff';

  constructor(
    readonly why: 'timeout' | 'shutdown',
    message: string,
  ) {
    super(message);
  }
}

interface CutOffOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Aborts when shutdown stops waiting for handlers. */
  readonly giveUp: AbortSignal;
  /** What the handler watches. */
  readonly controller: LazyAbort;
  /** Takes the handler's access to the database away. Called in the same turn in which the attempt is given up. */
  readonly sever: () => void;
  /** Called with work that was cut off and may still run. */
  readonly abandoned: (work: Promise<unknown>) => void;
}

/**
 * Runs `work` until it ends, its time is up, or shutdown stops waiting for it, whichever comes first. In the latter two
 * cases it rejects with {@link CutOff}, `work` keeps running with an aborted signal and without a database, and how it ends
 * has no effect. The timer is cancelled before this resolves or rejects, so it cannot fire into a COMMIT.
 *
 * `work` gets a check to call between its steps: it throws once the attempt is cut off, so that a handler that
 * returns too late is not followed by the statements that would have completed it.
 */
export async function runWithCutOff<T>(options: CutOffOptions, work: (check: () => void) => Promise<T>): Promise<T> {
  const { clock, timeoutMs, giveUp, controller, sever, abandoned } = options;
  let cut: CutOff | null = null;
  const check = (): void => {
    if (cut) throw cut;
  };
  let disarm = (): void => {};
  const outside = new Promise<never>((_, reject) => {
    const end = (reason: CutOff): void => {
      cut = reason;
      try {
        sever();
      } catch {
        // A handle that cannot be severed cannot be rolled back either; the attempt ends here all the same.
      }
      reject(reason);
      controller.abort(reason);
    };
    const onGiveUp = (): void => end(new CutOff('shutdown', 'shutdown stopped waiting for the handler'));
    const cancel = clock.schedule(timeoutMs, () =>
      end(new CutOff('timeout', `the handler did not return within ${timeoutMs} ms`)),
    );
    if (giveUp.aborted) onGiveUp();
    else giveUp.addEventListener('abort', onGiveUp, { once: true });
    disarm = () => {
      cancel();
      giveUp.removeEventListener('abort', onGiveUp);
    };
  });
  outside.catch(() => undefined);
  check();
  const running = (async () => work(check))();
  try {
    return await Promise.race([running, outside]);
  } finally {
    disarm();
    if (cut) abandoned(running);
  }
}
