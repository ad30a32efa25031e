import type { MessageFilter } from '../../core/store/admin-filter.js';
import type { OptionSpec } from '../command.js';
import { UsageError } from '../usage-error.js';
import { count, rate, type Values } from '../values.js';
import { messageFilterOf, UNDECIDED } from './filter-options.js';
import { OPERATOR } from './operator-options.js';

/** Of commands that decide about many dead and parked messages. */
export const BULK: readonly OptionSpec[] = [
  ...UNDECIDED,
  { flags: '--all', description: 'all dead and parked messages; in place of ids and filters' },
  { flags: '--dry-run', description: 'count what would be done, and do nothing' },
  { flags: '--rate <n/s>', description: 'so many at most: 50/s, 100/m, 20/h', parse: rate },
  { flags: '--max <n>', description: 'end after so many that were done', parse: count },
  { flags: '--yes', description: 'do not ask; needed where nobody can be asked' },
  ...OPERATOR,
];

/** Which messages somebody means: some by their ids, or all of a filter. */
export type Meant = { readonly ids: readonly string[] } | { readonly filter: MessageFilter };

const OF_FILTERS = { dryRun: '--dry-run', rate: '--rate', max: '--max' } as const;

/** @throws {UsageError} unless the command line says one of the two, and says it clearly: nothing would mean everything */
export function meantBy(what: string, values: Values, now: number): Meant {
  const ids = [...new Set(values['id'] as string[] | undefined)];
  const filter = messageFilterOf(values, now);
  const isFiltered = Object.keys(filter).length > 0;
  const ways = [ids.length > 0, isFiltered, values['all'] === true].filter(Boolean).length;
  if (ways !== 1) {
    const problem = ways === 0 ? 'say which messages' : 'say in one way which messages';
    throw new UsageError(`${problem}: ids, or filters such as --error-group, or --all. ${what} --help lists them`);
  }
  if (ids.length === 0) return { filter };
  const unfit = Object.entries(OF_FILTERS).find(([option]) => values[option] !== undefined)?.[1];
  if (unfit !== undefined)
    throw new UsageError(`${unfit} is for filters and --all; messages that are named are decided about at once`);
  return { ids };
}
