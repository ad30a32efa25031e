import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import { EXIT } from '../exit-codes.js';
import type { TableRow } from '../output/table.js';
import type { Decided, Outcome } from './decide-by-ids.js';
import { whyRefused } from './why-refused.js';

/** Tells what became of each id, and of those that were refused why. Answers the exit code: 4 unless all became what was asked for. */
export async function tellDecided<T extends Outcome>(
  { json, out, err }: CliContext,
  connections: readonly Connection[],
  answers: readonly Decided<T>[],
  became: T['outcome'],
  more: (decided: Decided<T>) => TableRow,
): Promise<number> {
  const decided = await whyRefused(connections, answers, became);
  if (json) out.json(decided);
  else {
    out.table(decided.map((each) => ({ id: each.id, outcome: each.outcome, ...more(each) })));
    // Not in the table, which is cut where the terminal ends.
    for (const { id, problem } of decided) if (problem !== undefined) err.line(`${id}: ${problem}`);
  }
  return decided.every(({ outcome }) => outcome === became) ? EXIT.ok : EXIT.partly;
}
