import type { MessageFilter } from '../../core/store/admin-filter.js';
import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import { confirmed } from '../confirmed.js';
import { EXIT } from '../exit-codes.js';
import type { Values } from '../values.js';
import { meantBy } from './bulk-options.js';
import { countUndecided, decideByFilter, type Done, type SetResult } from './decide-by-filter.js';
import { decideByIds } from './decide-by-ids.js';
import type { Decision } from './decision.js';
import { hintAtNames } from './hint-at-names.js';
import { operatorOf, reasonedOperatorOf } from './operator-options.js';
import { tellDecided } from './tell-decided.js';
import { type Waited, waitForOutcome } from './wait-for-outcome.js';

/** `mq errors replay` and `mq errors discard`. Answers the exit code. */
export async function decide(context: CliContext, values: Values, decision: Decision): Promise<number> {
  const meant = meantBy(`errors ${decision.name}`, values, context.clock.now());
  const { reason, actor } = values['dryRun']
    ? { reason: 'a dry run', ...operatorOf(context, values) }
    : reasonedOperatorOf(context, values);
  const work = { context, values, decision, connections: await context.admins(), operator: { reason, actor } };
  return 'ids' in meant ? decideIds(work, meant.ids) : decideAll(work, meant.filter);
}

interface Work {
  readonly context: CliContext;
  readonly values: Values;
  readonly decision: Decision;
  readonly connections: readonly Connection[];
  readonly operator: { readonly reason: string; readonly actor: string };
}

async function decideIds(
  { context, values, decision, connections, operator }: Work,
  ids: readonly string[],
): Promise<number> {
  const decided = await decideByIds(connections, ids, ({ admin }, some) => decision.byIds(admin, some, operator));
  const done = decided.flatMap(({ id, outcome, connection: name }): Done[] => {
    const connection = connections.find((each) => each.connection === name);
    return connection && outcome === decision.became ? [{ connection, id }] : [];
  });
  const waited = await waitIfAsked(context, values, done);
  const told = decided.map((each) => {
    const state = waited?.states.get(each.id);
    return { ...each, ...(state !== undefined && { state }) };
  });
  const code = await tellDecided(context, connections, told, decision.became, ({ state }) =>
    waited ? { state: state ?? '' } : {},
  );
  return waited?.isWell === false ? EXIT.partly : code;
}

async function decideAll(work: Work, filter: MessageFilter): Promise<number> {
  const { context, values, decision, connections, operator } = work;
  const { max = Infinity, dryRun = false, yes = false } = values as { max?: number; dryRun?: boolean; yes?: boolean };
  hintAtNames(context, connections, filter);
  const count = Math.min(await countUndecided(connections, filter), max);
  if (!dryRun && count > 0 && !(await confirmed(context, decision.sentence, count, yes))) {
    context.err.line('nothing was changed');
    return EXIT.ok;
  }
  const done: Done[] = [];
  const progress = context.err.progress(dryRun ? 'looked at' : decision.became, count);
  let last = 0;
  const results = await decideByFilter(connections, {
    decision,
    filter,
    options: { ...operator, ...limitsOf(values), dryRun, signal: context.signal },
    onProgress: (sofar) => progress.report((last = sofar)),
    onDone: (each) => done.push(each),
  });
  progress.end(last);
  const waited = await waitIfAsked(context, values, done);
  tellResults(work, results, waited);
  const failed = results.some(({ failedTotal, problem }) => failedTotal > 0 || problem !== undefined);
  return failed || waited?.isWell === false ? EXIT.partly : EXIT.ok;
}

function limitsOf({ rate, max }: Values): { rate?: number; max?: number } {
  return { ...(rate !== undefined && { rate: rate as number }), ...(max !== undefined && { max: max as number }) };
}

async function waitIfAsked(context: CliContext, { wait }: Values, done: readonly Done[]): Promise<Waited | null> {
  return wait === undefined || done.length === 0 ? null : waitForOutcome(context, done, wait as number);
}

function tellResults({ context, values, decision }: Work, results: readonly SetResult[], waited: Waited | null): void {
  const { json, out, err } = context;
  const states = waited && countBy([...waited.states.values()]);
  if (json) return out.json({ dryRun: values['dryRun'] === true, results, ...(states && { states }) });
  const became = values['dryRun'] ? `would be ${decision.became}` : decision.became;
  out.table(
    results.map(({ connection, matched, done, failedTotal, elsewhere }) => ({
      connection,
      matched,
      [became]: done,
      failed: failedTotal,
      'decided elsewhere': elsewhere,
    })),
  );
  if (states)
    out.text(
      `now: ${Object.entries(states)
        .map(([state, n]) => `${n} ${state}`)
        .join(', ')}`,
    );
  for (const { failed, stopped, problem, done, matched } of results) {
    for (const failure of failed) err.line(`${failure.id} ${failure.outcome}: ${failure.problem ?? ''}`);
    if (stopped)
      err.line(
        `stopped${problem === undefined ? '' : ` (${problem})`} at ${done} of ${matched}: the same command goes on with the rest`,
      );
  }
}

function countBy(states: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
