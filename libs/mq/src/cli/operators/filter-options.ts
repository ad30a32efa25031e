import type { MessageFilter, MessageStatus } from '../../core/store/admin-filter.js';
import type { OptionSpec } from '../command.js';
import { duration, instantOrAgo, oneOf, type Values } from '../values.js';

const OUTBOX: readonly MessageStatus[] = ['PENDING', 'SENDING', 'ACCEPTED', 'SENT', 'CANCELLED', 'DEAD'];
const DECIDABLE: readonly MessageStatus[] = ['DEAD', 'PARKED'];

/** Which messages are meant; conditions are joined by "and". Times are those of publishing, or of parking. */
const MESSAGES: readonly OptionSpec[] = [
  {
    flags: '--side <side>',
    description: 'publish: rows of the outbox; consume: what a group has parked',
    parse: oneOf('publish', 'consume'),
  },
  { flags: '--topic <topic>', description: 'alias of the topic' },
  { flags: '--group <group>', description: 'alias of the group that has parked it' },
  { flags: '--tag <tag>', description: 'the tag, with its suffix' },
  { flags: '--key <key>', description: 'the key that it was published with' },
  { flags: '--message <id>', description: 'id of the message: its row, its replays, and where it is parked' },
  { flags: '--code <code>', description: 'code of its last failure, e.g. MQ_HANDLER_FAILED' },
  { flags: '--error-group <id>', description: 'parked with an error like those that `mq errors` shows under this id' },
  { flags: '--since <time>', description: 'at that time or later; 2h for the last two hours', parse: instantOrAgo },
  { flags: '--until <time>', description: 'before that time, or longer ago than that', parse: instantOrAgo },
  {
    flags: '--older-than <duration>',
    description: 'so long ago at least, by the clock of the database',
    parse: duration,
  },
];

function status(known: readonly MessageStatus[]): OptionSpec {
  return { flags: '--status <status>', description: known.join(', '), parse: upperCaseOneOf(known) };
}

export const SEARCH: readonly OptionSpec[] = [status([...OUTBOX, 'PARKED', 'RESOLVED']), ...MESSAGES];
/** For those who decide about all of them. */
export const UNDECIDED: readonly OptionSpec[] = [status(DECIDABLE), ...MESSAGES];

const FIELDS = {
  status: 'status',
  side: 'side',
  topic: 'topic',
  group: 'group',
  tag: 'tag',
  key: 'key',
  message: 'messageId',
  code: 'code',
  errorGroup: 'errorGroup',
  since: 'since',
  until: 'until',
  olderThan: 'olderThan',
} as const satisfies Record<string, keyof MessageFilter>;

/** The filter that these options mean, without a field for what was not given. @param now epoch milliseconds */
export function messageFilterOf(values: Values, now: number): MessageFilter {
  const given = Object.entries(FIELDS).flatMap(([option, field]) => {
    const value = values[option];
    if (value === undefined) return [];
    const isAgo = typeof value === 'number' && field !== 'olderThan';
    return [[field, isAgo ? new Date(now - value) : value] as const];
  });
  return Object.fromEntries(given);
}

function upperCaseOneOf(known: readonly string[]): (typed: string, flags: string) => string {
  const parse = oneOf(...known);
  return (typed, flags) => parse(typed.toUpperCase(), flags);
}
