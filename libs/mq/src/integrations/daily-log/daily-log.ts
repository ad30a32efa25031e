import type { MqLogger } from '../../core/config/options.js';
import type { Clock } from '../../core/runtime/clock.js';
import { MqError } from '../../core/errors/mq-error.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqLogLevel } from '../../observability/log-events.js';
import { DayFiles } from './day-files.js';

export interface DailyLogOptions {
  /** Where: `logs/queue.log` becomes `logs/queue-2026-11-27.log`, by the local date. Folders are made. */
  readonly path: string;
  /** Days that are kept, today's among them. Default 50. */
  readonly days?: number;
}

/**
 * A logger that writes lines of JSON to a file of the day, and deletes those of days long gone. Any number of processes may write to the same path.
 *
 * Lines are written before the call returns, as pino does: none waits in memory when the process ends. What cannot be written (a full
 * disk, a folder that may not be written to) is lost, which is said on stderr once, and when it is over; it never disturbs anything else.
 *
 * @throws {MqError} `MQ_CONFIG_INVALID` for `days` that are no whole number from 1: it would delete what it has just written
 * @example
 * MqModule.forRoot({ transport, log: { logger: dailyLog({ path: 'logs/queue.log', days: 50 }) } });
 */
export function dailyLog({ path, days = 50 }: DailyLogOptions, clock: Pick<Clock, 'now'> = systemClock): MqLogger {
  if (!Number.isInteger(days) || days < 1)
    throw new MqError('MQ_CONFIG_INVALID', `dailyLog(): days must be a whole number from 1, and is ${String(days)}.`);
  const files = new DayFiles(path, days, (text) => process.stderr.write(`${text}\n`));
  const write =
    (level: MqLogLevel) =>
    (message: unknown): void => {
      const now = new Date(clock.now());
      const head = { time: now.toISOString(), level, pid: process.pid };
      const isObject = typeof message === 'object' && message !== null;
      files.append(
        now,
        `${JSON.stringify({ ...head, ...(isObject ? plain(message) : { message: String(message) }) })}\n`,
      );
    };
  return { log: write('log'), warn: write('warn'), error: write('error'), debug: write('debug') };
}

/** Lines of this library say themselves what they look like as JSON. */
function plain(message: object): object {
  return 'toJSON' in message && typeof message.toJSON === 'function' ? (message.toJSON() as object) : message;
}
