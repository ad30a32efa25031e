import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import { hintFor } from '../usage-error.js';

/**
 * Says of a topic or a group that no connection configures that it may be misspelt. Only says so: rows of a topic that is
 * configured no more are looked for as well.
 */
export function hintAtNames(
  context: CliContext,
  connections: readonly Connection[],
  { topic, group }: { readonly topic?: string; readonly group?: string },
): void {
  const known = (of: 'topics' | 'groups'): string[] =>
    connections.flatMap(({ runtime }) => [...runtime.options[of].keys()]);
  const hint = (what: string, typed: string | undefined, names: string[]): void => {
    if (typed === undefined || names.includes(typed)) return;
    context.err.line(`no ${what} "${typed}" is configured. ${hintFor(typed, names)}`);
  };
  hint('topic', topic, known('topics'));
  hint('group', group, known('groups'));
}
