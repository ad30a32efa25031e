import { MqError } from '../../../core/errors/mq-error.js';
import { tryParseDuration } from '../../../core/runtime/duration.js';
import { nearest } from '../../../core/runtime/nearest.js';
import type { AdminFilter, MessageFilter, MessageStatus } from '../../../core/store/admin-filter.js';
import type { ErrorGroupFilter } from '../../../core/store/error-group.js';

type Check = (value: unknown) => string | null;

const STATUSES: readonly MessageStatus[] = [
  'PENDING',
  'SENDING',
  'ACCEPTED',
  'SENT',
  'DEAD',
  'CANCELLED',
  'PARKED',
  'RESOLVED',
];

export const text: Check = (value) => (typeof value === 'string' ? null : 'must be a text');
export const date: Check = (value) =>
  value instanceof Date && !Number.isNaN(value.getTime()) ? null : 'must be a Date that says when';
export const wholeNumber: Check = (value) =>
  Number.isInteger(value) && (value as number) > 0 ? null : 'must be a whole number from 1';
export const duration: Check = (value) =>
  tryParseDuration(value) === undefined ? "must be a duration like '30s', '10m', '7d', or milliseconds" : null;

/** What says no is not told apart from what was left out, and so is refused. */
const onlyTrue: Check = (value) => (value === true ? null : 'must be true, or be left out');

export const MESSAGE_FIELDS = {
  side: oneOf(['publish', 'consume']),
  status: oneOf(STATUSES),
  topic: text,
  group: text,
  tag: text,
  key: text,
  messageId: text,
  code: text,
  errorGroup: text,
  since: date,
  until: date,
  olderThan: duration,
} satisfies Record<keyof MessageFilter, Check>;

export const FIND_FIELDS = {
  ...MESSAGE_FIELDS,
  blocked: onlyTrue,
  orphaned: onlyTrue,
  before: text,
  limit: wholeNumber,
} satisfies Record<keyof AdminFilter, Check>;

export const ERROR_GROUP_FIELDS = {
  side: oneOf(['publish', 'consume']),
  topic: text,
  group: text,
  since: date,
  resolved: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  limit: wholeNumber,
} satisfies Record<keyof ErrorGroupFilter, Check>;

/**
 * Looks at the fields of a filter, or of options, which come from consoles and scripts as well: a name that nobody knows would
 * be no condition at all, and mean everything.
 * @throws {MqError} `MQ_MESSAGE_INVALID`
 */
export function checkFilter(what: string, given: unknown, known: Readonly<Record<string, Check>>): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(`${what}() takes an object like { topic: 'orders' }, not ${describe(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!check) throw invalid(`${what}() knows no '${name}'; ${suggestion(name, Object.keys(known))}`);
    const problem = value === undefined ? null : check(value);
    if (problem !== null) throw invalid(`${what}(): ${name} ${problem}, and is ${describe(value)}`);
  }
}

export function oneOf(names: readonly string[]): Check {
  return (value) => {
    if (typeof value === 'string' && names.includes(value)) return null;
    return `must be one of ${names.join(', ')}${typeof value === 'string' ? `; ${suggestion(value, names)}` : ''}`;
  };
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? `known here: ${names.join(', ')}` : `did you mean '${near}'?`;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 100)}'` : value === null ? 'null' : typeof value;
}

function invalid(message: string): MqError {
  return new MqError('MQ_MESSAGE_INVALID', message);
}
