import type { Connection } from '../boot/connections.js';
import type { Decided, Outcome } from './decide-by-ids.js';

/** Several statements each; who names a thousand ids knows from these what they have in common. */
const MOST_TOLD = 20;

/**
 * Adds to what was refused without a word where the message is, and what its row needs: whoever names a message, and not the row of
 * what a group has parked, learns that row's id; whoever decides for a second time, who was first.
 */
export async function whyRefused<T extends Outcome>(
  connections: readonly Connection[],
  decided: readonly Decided<T>[],
  became: string,
): Promise<Decided<T>[]> {
  const told: Decided<T>[] = [];
  let left = MOST_TOLD;
  for (const each of decided) {
    const connection = connections.find((one) => one.connection === each.connection);
    const isClear = !connection || each.outcome === became || each.problem !== undefined;
    const problem = isClear || left-- <= 0 ? undefined : await whereIs(connection, each.id);
    told.push(problem === undefined ? each : { ...each, problem });
  }
  return told;
}

async function whereIs({ admin }: Connection, id: string): Promise<string | undefined> {
  const [explanation] = await admin.explain(id);
  return explanation && [explanation.because[0]?.text, explanation.todo].filter(Boolean).join(' To do: ');
}
