import { MqError } from '../../../core/errors/mq-error.js';
import { checkFilter, MESSAGE_FIELDS, oneOf, wholeNumber } from './check-filter.js';

const BULK_FIELDS = { ...MESSAGE_FIELDS, status: oneOf(['DEAD', 'PARKED']) };

const LIMITS: Parameters<typeof checkFilter>[2] = {
  reason: () => null,
  actor: () => null,
  dryRun: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  rate: (value) =>
    typeof value === 'number' && value > 0 && Number.isFinite(value) ? null : 'must be a number above 0',
  max: wholeNumber,
  onProgress: (value) => (typeof value === 'function' ? null : 'must be a function'),
  signal: (value) => (value instanceof AbortSignal ? null : 'must be an AbortSignal'),
};

/**
 * Besides what {@link checkFilter} asks: a condition that is there and undefined is a slip of whoever made the filter, and would
 * mean every message.
 * @throws {MqError} `MQ_MESSAGE_INVALID`
 */
export function checkBulkFilter(what: string, filter: unknown): void {
  checkFilter(what, filter, BULK_FIELDS);
  const missing = Object.entries(filter as object).find(([, value]) => value === undefined);
  if (missing) {
    throw new MqError(
      'MQ_MESSAGE_INVALID',
      `${what}(): ${missing[0]} is undefined. Give it a value, or leave it out if you mean messages of every ${missing[0]}.`,
    );
  }
}

/** @throws {MqError} `MQ_MESSAGE_INVALID` */
export function checkBulkLimits(what: string, given: object): void {
  checkFilter(what, given, LIMITS);
}
