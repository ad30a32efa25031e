import type { Connection } from '../boot/connections.js';

export interface Outcome {
  readonly id: string;
  readonly outcome: string;
  readonly problem?: string;
}

/** What became of an id, and through which connection; `null` where none of them has it. */
export type Decided<T extends Outcome> = T & { readonly connection: string | null };

/**
 * Asks one connection after the other, each for those ids that no other could do anything about: an id does not say whose it
 * is. Of several that know it the one that did it counts, else the one that says why it could not.
 */
export async function decideByIds<T extends Outcome>(
  connections: readonly Connection[],
  ids: readonly string[],
  decide: (connection: Connection, ids: readonly string[]) => Promise<readonly T[]>,
): Promise<Decided<T>[]> {
  const decided = new Map<string, Decided<T>>();
  let left = [...new Set(ids)];
  for (const connection of connections) {
    if (left.length === 0) break;
    for (const outcome of await decide(connection, left)) {
      const known = outcome.outcome !== 'not-found';
      const better = weight(outcome) > weight(decided.get(outcome.id));
      if (better) decided.set(outcome.id, { ...outcome, connection: known ? connection.connection : null });
    }
    // Another connection may have what this one lacks: the row itself, or the topic of the row in tables of both.
    left = left.filter((id) => weight(decided.get(id)) < DONE_WITH);
  }
  return [...decided.values()];
}

/** A verdict that no other connection can change. */
const DONE_WITH = 3;

function weight(outcome: Outcome | undefined): number {
  if (outcome === undefined) return 0;
  if (outcome.outcome === 'not-found') return 1;
  return outcome.problem === undefined ? DONE_WITH : 2;
}
