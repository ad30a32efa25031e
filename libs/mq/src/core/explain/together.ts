import type { ExplainState } from './explain-states.js';
import type { Verdict } from './explanation.js';

/**
 * Of several rows and groups of one message the one that needs somebody most gives the state. A group that does not ask for the
 * tag comes after one that has handled the message: that is what tags are for.
 */
const MOST_PRESSING: readonly ExplainState[] = [
  ...(['dead', 'parked', 'half-done', 'blocked-by-dead', 'orphaned', 'no-relay', 'overdue'] as const),
  ...(['topic-stopped', 'broker-away', 'topic-paused', 'no-consumer', 'group-paused', 'polls-fail'] as const),
  ...([
    'outcome-unknown',
    'waits-behind-older',
    'waits-to-be-woken',
    'waits-to-be-tried-again',
    'sender-gone',
  ] as const),
  ...(['lease-over', 'due', 'being-sent', 'waits-for-its-time', 'awaits-its-group'] as const),
  ...(['waits-for-redelivery', 'held-in-memory', 'running', 'not-fetched', 'held-by-broker'] as const),
  ...([
    'no-inbox',
    'sent',
    'replayed',
    'discarded',
    'cancelled',
    'handled',
    'tag-not-asked',
    'pruned',
    'unknown',
  ] as const),
];

/** Puts verdicts about one message together; `null` when there is none. */
export function together(verdicts: readonly Verdict[]): Verdict | null {
  const sorted = verdicts.toSorted((a, b) => MOST_PRESSING.indexOf(a.state) - MOST_PRESSING.indexOf(b.state));
  const [first] = sorted;
  if (first === undefined) return null;
  // What another group does not ask for it need not be told to.
  const telling = sorted.filter(({ state }) => state !== 'tag-not-asked' || state === first.state);
  const todo = [...new Set(telling.flatMap((verdict) => verdict.todo ?? []))].join(' ');
  return {
    state: first.state,
    because: sorted.flatMap(({ because }) => because),
    next: first.next ?? sorted.find(({ next }) => next !== null)?.next ?? null,
    ...(todo === '' ? {} : { todo }),
  };
}
