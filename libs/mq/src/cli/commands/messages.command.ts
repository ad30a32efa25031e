import type { AdminFilter } from '../../core/store/admin-filter.js';
import type { AdminRecord } from '../../core/store/admin-record.js';
import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import type { Command } from '../command.js';
import { messageFilterOf, SEARCH } from '../operators/filter-options.js';
import { hintAtNames } from '../operators/hint-at-names.js';
import { tableSets } from '../operators/table-sets.js';
import { durationText } from '../output/duration-text.js';
import type { Column, TableRow } from '../output/table.js';
import { count } from '../values.js';

const DEFAULT_LIMIT = 100;

interface Found extends AdminRecord {
  readonly connection: string;
}

type Paging = Pick<AdminFilter, 'before' | 'blocked' | 'orphaned'> & { readonly limit: number };

export const messagesCommand: Command = {
  name: 'messages',
  summary: 'looks for messages: those published here, and those that a group has parked',
  description: 'Newest first. The first column is what `mq show`, `errors replay`, `cancel` and the others take.',
  options: [
    ...SEARCH,
    { flags: '--blocked', description: 'only what waits behind an older message of its ordering key' },
    { flags: '--orphaned', description: 'only what has been due for more than a minute and nobody seems to send' },
    { flags: '--limit <n>', description: '100 unless given, 1,000 at most', parse: count, default: DEFAULT_LIMIT },
    { flags: '--before <id>', description: 'the next page: what follows this last line of the page before' },
  ],
  examples: [
    'mq messages --status PARKED --group stock --since 2h',
    'mq messages --key A-1',
    "mq messages --status PENDING --topic orders --json | jq -r '.[].id'",
  ],
  run: async (context, values) => {
    const { limit, before, blocked, orphaned } = values as unknown as Paging;
    const filter = messageFilterOf(values, context.clock.now());
    const connections = await context.admins();
    hintAtNames(context, connections, filter);
    const found = await find(connections, {
      ...filter,
      limit,
      ...(before !== undefined && { before }),
      ...(blocked && { blocked }),
      ...(orphaned && { orphaned }),
    });
    if (context.json) context.out.json(found);
    else if (found.length === 0) context.err.line('there is no such message');
    else
      context.out.table(
        found.map((each) => lineOf(each, context.clock.now())),
        columnsFor(found),
      );
    if (found.length >= Math.min(limit, 1_000)) tellMore(context, found.at(-1)!.id);
  },
};

/** Ids sort by time in all tables, so a page of several of them is one as well. */
async function find(connections: readonly Connection[], filter: AdminFilter): Promise<Found[]> {
  const pages = await Promise.all(
    tableSets(connections).map(async ([first]) => {
      const { connection, admin } = first!;
      return (await admin.find(filter)).map((record): Found => ({ connection, ...record }));
    }),
  );
  return pages
    .flat()
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, filter.limit);
}

function lineOf(found: Found, now: number): TableRow {
  const { createdAt, errorCode, errorMessage } = found;
  return {
    ...found,
    age: durationText(Math.max(0, now - createdAt.getTime())),
    why: errorCode === undefined ? stateOf(found) : `${errorCode}: ${errorMessage ?? ''}`,
  };
}

/** Without those that say nothing about these messages. */
function columnsFor(found: readonly Found[]): Column[] {
  const has = (key: 'group' | 'tag'): boolean => found.some((each) => each[key] !== undefined);
  const severalConnections = new Set(found.map(({ connection }) => connection)).size > 1;
  const left = { connection: !severalConnections, group: !has('group'), tag: !has('tag') };
  const keys = ['id', 'connection', 'status', 'topic', 'group', 'tag', 'key', 'attempts', 'age', 'why'];
  return keys
    .filter((key) => !left[key as keyof typeof left])
    .map((key) => ({ key, whole: key === 'id' || key === 'status' }));
}

/** What there is to say of one without an error. */
function stateOf({ blockedBy, resolution }: Found): string {
  if (resolution !== undefined) return resolution;
  return blockedBy === undefined ? '' : `waits behind ${blockedBy}`;
}

function tellMore({ err }: CliContext, last: string): void {
  err.line(`there may be more: add --before ${last}`);
}
