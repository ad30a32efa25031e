import type { ExplainState } from '../../core/explain/explain-states.js';
import type { CliContext } from '../cli-context.js';
import type { Done } from './decide-by-filter.js';

const LOOK_MS = 500;

/** Nothing more becomes of it by itself. */
const ENDED: readonly ExplainState[] = [
  'handled',
  'sent',
  'no-inbox',
  'parked',
  'dead',
  'half-done',
  'discarded',
  'cancelled',
  'replayed',
  'pruned',
  'unknown',
];
const WELL: readonly ExplainState[] = ['handled', 'sent', 'no-inbox'];

export interface Waited {
  /** State of each by its id, as `explain` says it, when it had ended or the time was over. */
  readonly states: ReadonlyMap<string, ExplainState>;
  /** Whether all were handled, or sent where no group reads them. */
  readonly isWell: boolean;
}

/** Waits until each of these was handled or has failed again, the time is over, or somebody asks to stop. */
export async function waitForOutcome(
  { clock, signal, err }: CliContext,
  replayed: readonly Done[],
  timeoutMs: number,
): Promise<Waited> {
  const states = new Map<string, ExplainState>();
  const progress = err.progress('come to an end', replayed.length);
  const until = clock.monotonic() + timeoutMs;
  for (let left = [...replayed]; ;) {
    const going: Done[] = [];
    for (const each of left) {
      if (signal.aborted) break;
      const [explanation] = await each.connection.admin.explain(each.id);
      const { state } = explanation!;
      states.set(each.id, state);
      if (!ENDED.includes(state)) going.push(each);
      progress.report(replayed.length - left.length);
    }
    left = going;
    if (left.length === 0 || signal.aborted || clock.monotonic() >= until) break;
    await clock.sleep(LOOK_MS, signal);
  }
  progress.end([...states.values()].filter((state) => ENDED.includes(state)).length);
  const isWell = replayed.every(({ id }) => WELL.includes(states.get(id)!));
  return { states, isWell };
}
