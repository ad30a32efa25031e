import { MqError } from '../../../core/errors/mq-error.js';
import { type Duration, tryParseDuration } from '../../../core/runtime/duration.js';
import type { When } from '../../../core/store/admin-store.js';
import type { OperatorOptions } from './operator-request.js';

export type RescheduleOptions = Partial<OperatorOptions> &
  (
    | { /** At that time; one that is over means now. */ readonly at: Date; readonly in?: never }
    | { /** Counted from now, by the database's clock. */ readonly in: Duration; readonly at?: never }
  );

/** @throws {MqError} `MQ_MESSAGE_INVALID` */
export function whenOf(given: RescheduleOptions): When {
  const { at, in: after } = (given ?? {}) as { at?: unknown; in?: unknown };
  if (at instanceof Date && !Number.isNaN(at.getTime()) && after === undefined) return { at: at.getTime() };
  const inMs = tryParseDuration(after);
  if (at === undefined && inMs !== undefined) return { inMs };
  throw new MqError(
    'MQ_MESSAGE_INVALID',
    "reschedule() needs either { at: new Date(…) } or { in: '30m' }: when the messages shall leave.",
  );
}
