import { describeError } from '../../core/errors/describe-error.js';
import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import { untilAborted } from '../running/until-aborted.js';
import { lookAt } from './look-at.js';
import { printStatus } from './print-status.js';

/** Looks again and again until somebody ends it: over what stood there on a terminal, one after the other elsewhere. Goes on when the database is away. */
export async function watchStatus(
  context: CliContext,
  connections: readonly Connection[],
  everyMs: number,
): Promise<void> {
  const { clock, signal, out, err, json } = context;
  while (!signal.aborted) {
    try {
      const all = await untilAborted(signal, () => lookAt(connections));
      if (all === null) return;
      const now = new Date(clock.now());
      if (json) out.line({ at: now, connections: all });
      else {
        out.redraw();
        out.text(out.style('dim', now.toISOString()));
        printStatus(out, all, now);
      }
    } catch (error) {
      err.line(`the database does not answer: ${describeError(error).message}`);
    }
    await clock.sleep(everyMs, signal);
  }
}
